"""What is in quarantine or deleted is nowhere to be seen, and comes back whole."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.operations.tokens import create_token
from registry import storage
from registry.actors import System
from registry.models import Crate, Follow, SearchDocument, Version
from registry.operations import evidence, index, verify_storage
from registry.operations.quarantine import (
    quarantine_crate,
    quarantine_user,
    quarantine_version,
    release_crate,
    release_user,
    release_version,
)
from registry.operations.remove import remove_crate, remove_version
from tests.walk import addresses, said, values_for
from tests.wire import publish

# In no other word of any page.
NAME, WORDS, KEYWORD = "zyzzyva", "quixotries", "xylocopa"
MANIFEST = f"""
[package]
name = "{NAME}"
version = "%s"
edition = "2021"
description = "A crate about {WORDS}"
license = "MIT"
keywords = ["{KEYWORD}"]
categories = ["algorithms"]
repository = "https://example.com/{NAME}"
"""
SHELL = System("tests")
Said = dict[tuple[str, str], tuple[int, str, bytes]]


# What differs between a visitor and somebody who is signed in.
OWN = (
    "/me",
    "/dashboard",
    "/settings/following",
    "/settings/notifications",
    "/settings/publishers",
    "/settings/log",
    "/settings/data",
    "/api/v1/me",
    "/api/v1/trusted",
    f"/crates/{NAME}",
)
# What people did themselves, and what they own, they may know of.
GROWING = ("/settings/log", f"/crates/{NAME}/security")
ALLOWED = {("alice", path) for path in ("/settings/log", "/settings/data", "/dashboard")}


def paths(user_id: str) -> set[str]:
    found = {f"/search?q={WORDS}", f"/search?q={NAME[:6]}"}
    queries = (f"q={NAME}", f"q={WORDS}", "sort=new", f"keyword={KEYWORD}", f"user_id={user_id}")
    found |= {f"/api/v1/crates?{query}" for query in queries}
    for num in ("1.0.0", "1.1.0"):
        people = {"login": "alice", "user": "alice", "user_id": user_id}
        topics = {"keyword": KEYWORD, "slug": "algorithms", "category": "algorithms"}
        found |= set(addresses(values_for(NAME, num, **people, **topics)))
    return found


@pytest.fixture
def crate(
    alice: User, bob: User, charlie: User, django_capture_on_commit_callbacks: Any
) -> Iterator[Crate]:
    """Two versions of Alice's, one that needs Bob's crate; Charlie follows it."""
    token, other = (create_token(user=user, name="t").text for user in (alice, bob))
    with django_capture_on_commit_callbacks(execute=True):
        assert publish(other, "plain-crate", "1.0.0").status_code == 200
        for num in ("1.0.0", "1.1.0"):
            manifest = MANIFEST % num + '[dependencies]\nplain-crate = "1"\n'
            answer = publish(token, NAME, num, manifest=manifest)
            assert answer.status_code == 200, answer.content
    crate = Crate.objects.get(name=NAME)
    evidence.write_file()
    Follow.objects.create(user=charlie, crate=crate)
    return crate


@pytest.fixture
def walk(crate: Crate, alice: User, charlie: User) -> Callable[[], Said]:
    """What a visitor, a follower and the owner read at every address."""

    def walked() -> Said:
        found: Said = {}
        for login, user in (("", None), ("charlie", charlie), ("alice", alice)):
            client = Client(raise_request_exception=False)
            if user:
                user.refresh_from_db()
                client.force_login(user)
            for path in paths(str(alice.pk)):
                if not login or path.startswith(OWN):
                    found[login, path] = said(client, path)
        return found

    return walked


def seen(found: Said, *words: str) -> list[tuple[str, str]]:
    """Where a word is said although the address did not ask for it, or a page of the crate is."""
    places = []
    for (login, path), (status, location, body) in found.items():
        about = NAME in path
        if (login, path) in ALLOWED:
            continue
        # What an address asks for, an answer may name when it says no or who knows more: an old
        # address leads to the new one, which is walked as well.
        if about and (
            status >= 400 or (status in (301, 302) and (NAME in location or login == ""))
        ):
            continue
        if about and not path.startswith(("/search", "/api/v1/crates?")):
            places.append((login, path))
        elif any(word.encode() in body for word in words):
            query_echoed = "q=" in path and b"<html" in body and not _listed(body)
            if not query_echoed:
                places.append((login, path))
    return places


def _listed(body: bytes) -> bool:
    return f'href="/crates/{NAME}'.encode() in body


def files() -> dict[str, bytes]:
    found = {}
    for name in storage.objects().walk():
        with storage.objects().open_read(name) as file:
            found[name] = file.read()
    return found


def differences(before: Said, after: Said) -> list[str]:
    """Of all but logs, which have grown by what happened meanwhile."""
    kept = [key for key in before if "/events" not in key[1] and key[1] not in GROWING]
    return [f"{key}: {before[key]} {after[key]}" for key in kept if before[key] != after[key]]


@pytest.fixture
def act(django_capture_on_commit_callbacks: Any) -> Callable[..., None]:
    """Calls an operation with all that follows its commit."""

    def acted(operation: Callable[..., None], **arguments: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            operation(actor=SHELL, **arguments)

    return acted


@pytest.mark.slow
def test_a_crate_goes_and_comes_back_whole_and_so_do_those_of_a_person(
    crate: Crate, alice: User, walk: Callable[[], Said], act: Callable[..., None]
) -> None:
    before, stored = walk(), files()
    document = SearchDocument.objects.filter(crate=crate).values().get()
    assert len(seen(before, NAME, WORDS, KEYWORD)) > 30

    act(quarantine_crate, crate=crate, reason="malware")

    assert seen(walk(), NAME, WORDS) == []
    assert NAME.encode() not in gzip.decompress(files()[storage.EVIDENCE_KEY])
    assert [key for key in files() if NAME in key and not key.startswith("quarantine/")] == []
    assert list(verify_storage.differences()) == []
    index.rebuild()
    assert storage.index_key(NAME) not in files()

    act(release_crate, crate=crate, reason="all is well")
    assert files() == stored
    act(quarantine_user, user=alice)

    found = {key: value for key, value in walk().items() if key[0] != "alice"}
    assert seen(found, NAME, WORDS) == []
    assert found["", "/users/alice"][0] == found["", "/api/v1/users/alice"][0] == 404
    assert [key for key in files() if NAME in key and not key.startswith("quarantine/")] == []

    act(release_user, user=alice)

    assert files() == stored
    assert SearchDocument.objects.filter(crate=crate).values().get() == document
    assert differences(before, walk()) == []


@pytest.mark.slow
@pytest.mark.once
def test_of_a_version_the_others_remain(
    crate: Crate, walk: Callable[[], Said], act: Callable[..., None]
) -> None:
    before, stored = walk(), files()
    last = Version.objects.get(crate=crate, num="1.1.0")

    act(quarantine_version, version=last, reason="malware")

    found = walk()
    naming = [key for key, value in found.items() if b"1.1.0" in value[2] and value[0] < 400]
    naming = [key for key in naming if key not in ALLOWED]
    assert [key for key in naming if "docs" not in key[1] and "/settings" not in key[1]] == []
    asked = {path: value[0] for (_, path), value in found.items() if "1.1.0" in path}
    # Who relies on attestations is told that they are held back, and not that there are none.
    assert {asked.pop(path) for path in list(asked) if path.endswith("/attestations")} == {403}
    assert {status for path, status in asked.items() if "settings" not in path} <= {404, 302, 405}
    crate.refresh_from_db()
    assert (crate.max_version, crate.num_versions, crate.hidden_at) == ("1.0.0", 1, None)

    first = Version.objects.get(crate=crate)
    act(quarantine_version, version=first, reason="malware")
    assert seen(walk(), NAME, WORDS) == []
    act(release_version, version=first, reason="it is harmless")
    act(release_version, version=last, reason="it is harmless")

    assert files() == stored
    assert differences(before, walk()) == []


@pytest.mark.once
def test_what_is_deleted_is_nowhere(
    crate: Crate, walk: Callable[[], Said], act: Callable[..., None]
) -> None:
    last = Version.objects.get(crate=crate, num="1.1.0")
    act(remove_version, version=last, reason="secrets inside", held_for=None)

    assert f"crates/{NAME}/{NAME}-1.1.0.crate" not in files()
    assert f"crates/{NAME}/{NAME}-1.0.0.crate" in files()
    act(quarantine_crate, crate=crate, reason="looking")
    act(remove_crate, crate=crate, reason="malware", held_for=None)

    assert seen(walk(), NAME, WORDS) == []
    assert [key for key in files() if NAME in key] == []
    assert list(verify_storage.differences()) == []
