"""Uploads at the same moment: one is taken, the others hear a clear no."""

from collections import Counter
from typing import Any

import pytest

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Crate, IndexChange, Ownership, Version
from registry.operations import index, verify_storage
from tests.conftest import person
from tests.factories.registry import make_owner
from tests.races.together import at_once
from tests.wire import publish, send, stored_files

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_twenty_uploads_of_one_version_one_is_taken(alice_token: str) -> None:
    publish(alice_token, version="0.0.1")

    answers = at_once(20, lambda n: publish(alice_token, files={"src/lib.rs": f"// {n}".encode()}))

    assert statuses(answers) == {200: 1, 400: 19}
    assert Version.objects.filter(num="0.1.0").count() == 1
    assert all("already uploaded" in a.json()["errors"][0]["detail"]
               for a in answers if a.status_code == 400)  # fmt: skip
    assert_whole()


def test_of_twenty_first_uploads_one_founds_the_crate(alice_token: str) -> None:
    answers = at_once(20, lambda n: publish(alice_token, files={"src/lib.rs": f"// {n}".encode()}))

    found = statuses(answers)
    assert found[200] == 1
    assert found[400] + found[409] == 19
    assert Crate.objects.count() == Version.objects.count() == Ownership.objects.count() == 1
    assert_whole()


def test_of_two_people_one_gets_the_name(alice: User, bob: User) -> None:
    tokens = [create_token(user=user, name="ci").text for user in (alice, bob)]

    for number in range(4):
        name = f"new-{number}"
        spellings = (name, name.upper())
        answers = at_once(2, lambda n, names=spellings: publish(tokens[n], names[n]))  # type: ignore[misc]

        found = statuses(answers)
        # Whoever comes a moment later finds the crate there already.
        assert found[200] == 1, found
        assert found[409] + found[403] == 1, found
    assert Crate.objects.count() == 4
    assert_whole()


def test_different_versions_are_all_taken(alice_token: str) -> None:
    publish(alice_token, version="0.0.1")

    answers = at_once(8, lambda n: publish(alice_token, version=f"1.{n}.0"))

    assert statuses(answers) == {200: 8}
    crate = Crate.objects.get()
    assert (crate.num_versions, crate.max_version) == (9, "1.7.0")
    assert_whole()


def test_the_index_follows_yanks_and_uploads_at_once(alice_token: str) -> None:
    publish(alice_token, version="1.0.0")
    base = "/api/v1/crates/demo-crate/1.0.0"

    def work(number: int) -> Any:
        if number % 3 == 0:
            return publish(alice_token, version=f"2.{number}.0")
        verb, method = [("yank", "DELETE"), ("unyank", "PUT")][number % 3 - 1]
        return send(method, f"{base}/{verb}", alice_token)

    assert statuses(at_once(12, work)) == {200: 12}
    assert_whole()


def test_the_last_two_owners_cannot_leave_at_once(alice_token: str) -> None:
    bob = person("bob")
    bob_token = create_token(user=bob, name="ci").text
    publish(alice_token)
    owners = "/api/v1/crates/demo-crate/owners"
    make_owner(Crate.objects.get(), bob)
    logins = [("alice", alice_token), ("bob", bob_token)]

    answers = at_once(2, lambda n: send("DELETE", owners, logins[n][1], {"users": [logins[n][0]]}))

    assert statuses(answers) == {200: 1, 400: 1}
    assert Ownership.objects.count() == 1


def test_readers_never_see_half_of_an_index_file(alice_token: str) -> None:
    publish(alice_token, version="0.0.1")

    def work(number: int) -> Any:
        if number % 2:
            return publish(alice_token, version=f"1.{number}.0")
        return send("GET", "/index/de/mo/demo-crate")

    answers = at_once(12, work)

    assert statuses(answers) == {200: 12}
    for answer in answers[::2]:
        assert answer.content.endswith(b"}\n")


def assert_whole() -> None:
    """Database, index and files agree, and nothing is left to do."""
    assert not IndexChange.objects.exists()
    assert list(index.differences()) == []
    assert list(verify_storage.differences()) == []
    assert not [name for name in stored_files() if name.endswith(".tmp")]
