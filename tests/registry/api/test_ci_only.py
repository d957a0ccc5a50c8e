"""Trusted publishing only: by crate, team and instance, and how long "off" takes (g.3)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate, Ownership, Team
from registry.tasks import end_trustpub_only
from tests.clock import clock_at
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal, send

TIDE = "/api/v1/crates/tide"
DAY = timedelta(hours=24)


@pytest.fixture(autouse=True)
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def token(alice: User) -> str:
    return create_token(user=alice, name="ci", scopes=["trusted-publishing"]).text


def switch(token: str, state: bool) -> Any:
    answer = send("PATCH", TIDE, token, {"crate": {"trustpub_only": state}})
    assert answer.status_code == 200, answer.content
    return answer


def subjects(mailoutbox: list[EmailMessage]) -> list[str]:
    return [letter.subject for letter in mailoutbox]


def test_a_thief_cannot_switch_it_off_at_once(
    token: str,
    alice_token: str,
    tide: Crate,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    switch(token, True)

    with django_capture_on_commit_callbacks(execute=True):
        body = switch(token, False).json()["crate"]

    assert body["trustpub_only"] is True
    with nothing_happens():
        assert refusal(publish(alice_token, "tide"), 403)["code"] == "trusted_publishing_only"
    tide.refresh_from_db()
    assert tide.trustpub_only_ends_at
    assert subjects(mailoutbox)[-1] == "tide is about to take API tokens again"
    assert "/crates/tide/settings" in mailoutbox[-1].body


def test_it_ends_at_its_moment(
    token: str,
    alice_token: str,
    tide: Crate,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    switch(token, True)
    switch(token, False)
    tide.refresh_from_db()
    ends_at = tide.trustpub_only_ends_at
    assert ends_at

    with clock_at(ends_at - timedelta(microseconds=1)):
        end_trustpub_only()
        refusal(publish(alice_token, "tide"), 403)
    with clock_at(ends_at):
        assert publish(alice_token, "tide").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            end_trustpub_only()
            end_trustpub_only()

    tide.refresh_from_db()
    assert not tide.trustpub_only
    assert subjects(mailoutbox)[-1] == "tide takes new versions from API tokens again"
    names = list(AuditEvent.objects.order_by("pk").values_list("name", flat=True))
    switches = [name for name in names if name.startswith("crate.trustpub_only")]
    assert switches == [
        "crate.trustpub_only.on",
        "crate.trustpub_only.requested",
        "crate.trustpub_only.off",
    ]


def test_any_owner_calls_it_off(token: str, tide: Crate, bob: User) -> None:
    Ownership.objects.create(crate=tide, user=bob)
    switch(token, True)
    switch(token, False)

    switch(create_token(user=bob, name="ci", scopes=["trusted-publishing"]).text, True)

    tide.refresh_from_db()
    assert tide.trustpub_only
    assert tide.trustpub_only_ends_at is None


def test_asking_twice_does_not_move_the_moment(token: str, tide: Crate) -> None:
    switch(token, True)
    switch(token, False)
    tide.refresh_from_db()
    first = tide.trustpub_only_ends_at

    switch(token, False)

    tide.refresh_from_db()
    assert tide.trustpub_only_ends_at == first


def test_an_operator_may_do_without_the_delay(
    token: str, tide: Crate, settings: LazySettings
) -> None:
    settings.TRUSTPUB_ONLY_DELAY = timedelta(0)
    switch(token, True)

    assert switch(token, False).json()["crate"]["trustpub_only"] is False


def test_a_team_shuts_all_its_crates(tide: Crate, alice_token: str) -> None:
    team = Team.objects.create(login="github:ferris-labs:core", github_id=7, organization_id=8)
    Ownership.objects.create(crate=tide, team=team)

    call_command("trustpub_only", "github:Ferris-Labs:core", "on")
    error = refusal(publish(alice_token, "tide"), 403)
    call_command("trustpub_only", "github:ferris-labs:core", "off")
    refusal(publish(alice_token, "tide"), 403)
    Team.objects.update(trustpub_only_ends_at=timezone.now())

    assert "the team github:ferris-labs:core" in error["detail"]
    assert publish(alice_token, "tide").status_code == 200
    assert publish(alice_token, "other").status_code == 200


def test_the_operator_shuts_the_whole_registry(alice_token: str, settings: LazySettings) -> None:
    settings.TRUSTED_PUBLISHING_ONLY = True

    for name in ("tide", "fresh"):
        with nothing_happens():
            error = refusal(publish(alice_token, name), 403)
        assert error["code"] == "trusted_publishing_only"
