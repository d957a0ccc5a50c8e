"""Quarantine at the moment of uploads, yanks and changes of owners: nothing slips through."""

from typing import Any

import pytest

from accounts.errors import Refusal
from accounts.models import User
from registry import storage
from registry.actors import System
from registry.models import Crate, Version
from registry.operations import verify_storage
from registry.operations.owners import replace_owners
from registry.operations.quarantine import (
    quarantine_crate,
    quarantine_user,
    release_crate,
    release_user,
)
from tests.races.together import at_once
from tests.wire import publish, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHELL = System("tests")


def visible_files() -> list[str]:
    return [*storage.objects().walk("index"), *storage.objects().walk("crates")]


def test_an_upload_at_that_moment_is_hidden_or_refused(alice_token: str) -> None:
    publish(alice_token, version="0.0.1")
    crate = Crate.objects.get()

    def work(number: int) -> Any:
        if number == 3:
            return quarantine_crate(actor=SHELL, crate=crate, reason="malware")
        if number == 5:
            return send("DELETE", "/api/v1/crates/demo-crate/0.0.1/yank", alice_token)
        return publish(alice_token, version=f"1.{number}.0")

    answers = [answer for answer in at_once(8, work) if answer is not None]

    assert {answer.status_code for answer in answers} <= {200, 403, 404}
    assert not Crate.objects.exists()
    assert not Version.objects.exists()
    assert visible_files() == []
    taken = sum(answer.status_code == 200 for answer in answers)
    assert Version.everything.filter(set_aside_at__isnull=False).count() in (taken, taken + 1)
    assert list(verify_storage.differences()) == []
    release_crate(actor=SHELL, crate=crate, reason="harmless")
    assert Crate.objects.get().num_versions == Version.objects.count() == Version.everything.count()
    assert list(verify_storage.differences()) == []


def test_owners_that_change_at_that_moment_decide_in_the_end(
    alice_token: str, alice: User, bob: User
) -> None:
    for number in range(3):
        name = f"crate-{number}"
        publish(alice_token, name)
        crate = Crate.objects.get(name=name)

        def work(number: int, crate: Crate = crate) -> None:
            if number == 0:
                quarantine_user(actor=SHELL, user=alice)
            elif number == 1:
                replace_owners(actor=SHELL, crate=crate, logins=["bob"])
            else:
                tried = publish(alice_token, crate.name, "0.2.0")
                assert tried.status_code in (200, 403)

        at_once(3, work)

        # Bob owns it, whatever came first.
        assert Crate.objects.filter(name=name).exists()
        release_user(actor=SHELL, user=alice)
    assert list(verify_storage.differences()) == []


def test_two_moderators_at_once_quarantine_once(alice_token: str) -> None:
    publish(alice_token)
    crate = Crate.objects.get()

    def work(number: int) -> str:
        try:
            quarantine_crate(actor=SHELL, crate=crate, reason=str(number))
        except Refusal as refusal:
            return refusal.detail
        return "done"

    assert sorted(at_once(4, work)) == [
        *["demo-crate is in quarantine already"] * 3,
        "done",
    ]
