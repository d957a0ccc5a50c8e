"""Suspended, resumed, confirmed, renewed, edited: by the API and by the clock (reference, e.3)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, User
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from registry.models import Crate, Ownership
from tests.ci import exchange, form, id_token, let_publish, publish_token, unpinned
from tests.clock import clock_at
from tests.factories.registry import make_crate
from tests.trustpub.api.test_identity import MOVED, RECREATED
from tests.wire import publish, refusal, send
from trustpub.models import Issuer, Publisher, PublisherCrate
from trustpub.tasks import expire

CONFIGS = "/api/v1/trusted_publishing/github_configs"


def act(token: str | None, grant: PublisherCrate, action: str) -> Any:
    return send("POST", f"{CONFIGS}/{grant.pk}/{action}", token)


@pytest.fixture
def moved(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> PublisherCrate:
    """A publisher whose repository went to another owner."""
    with django_capture_on_commit_callbacks(execute=True):
        refusal(exchange(id_token(ci, **MOVED)), 403)
    return grant


def test_an_owner_suspends_and_resumes(
    grant: PublisherCrate,
    alice_token: str,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    token = publish_token(ci)

    with django_capture_on_commit_callbacks(execute=True):
        assert act(alice_token, grant, "suspend").json()["github_config"]["state"] == "suspended"

    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    refusal(publish(token, "tide"), 403)
    assert [letter.subject for letter in mail.outbox][-1].endswith("was suspended")
    refusal(act(alice_token, grant, "suspend"), 409)
    act(alice_token, grant, "resume")
    assert exchange(id_token(ci)).status_code == 200
    # What it gave before stays dead.
    refusal(publish(token, "tide"), 403)
    names = set(AuditEvent.objects.values_list("name", flat=True))
    assert {"publisher.suspended", "publisher.resumed"} <= names


def test_another_crate_of_a_shared_publisher_goes_on(
    grant: PublisherCrate, alice: User, alice_token: str, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    act(alice_token, grant, "suspend")

    assert exchange(id_token(ci)).json()["crates"] == ["shore"]
    act(alice_token, grant, "resume")
    assert exchange(id_token(ci)).json()["crates"] == ["shore", "tide"]


@pytest.mark.parametrize("action", ["suspend", "resume", "confirm", "renew", "explode"])
def test_strangers_do_none_of_it(
    grant: PublisherCrate, bob_token: str, ci: LocalIssuer, action: str
) -> None:
    refusal(act(bob_token, grant, action), 400)
    refusal(act(None, grant, action), 403)
    refusal(act(publish_token(ci), grant, action), 403)
    assert Publisher.objects.get().state == Publisher.State.ACTIVE


def test_an_unknown_action_is_not_found(grant: PublisherCrate, alice_token: str) -> None:
    refusal(act(alice_token, grant, "explode"), 404)


def test_a_transfer_waits_until_an_owner_confirms_it(
    moved: PublisherCrate, alice_token: str, ci: LocalIssuer
) -> None:
    assert Publisher.objects.get().state == Publisher.State.AWAITING
    assert "waits for you" in mail.outbox[-1].subject

    made = act(alice_token, moved, "confirm").json()["github_config"]

    assert (made["id"], made["repository_owner"]) == (moved.pk, "new-owner")
    assert exchange(id_token(ci, **MOVED)).json()["crates"] == ["tide"]
    event = AuditEvent.objects.get(name="publisher.confirmed")
    assert event.before["repository_owner"] == "ferris-labs"
    # The former owner's new repository of the old name is a stranger.
    assert refusal(exchange(id_token(ci, **RECREATED)), 403)["code"] == "no_publisher"


def test_each_crate_confirms_for_itself(
    grant: PublisherCrate,
    bob: User,
    alice_token: str,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_publish(make_crate("bobs", owner=bob), bob, issuer)
    with django_capture_on_commit_callbacks(execute=True):
        exchange(id_token(ci, **MOVED))

    act(alice_token, grant, "confirm")

    assert exchange(id_token(ci, **MOVED)).json()["crates"] == ["tide"]
    states = dict(PublisherCrate.objects.values_list("crate__name", "publisher__state"))
    assert states == {"tide": "active", "bobs": "awaiting"}


def test_what_the_registry_stopped_is_not_just_resumed(
    moved: PublisherCrate, alice_token: str
) -> None:
    refusal(act(alice_token, moved, "resume"), 409)


# --- Ids ---


@pytest.fixture
def github(settings: LazySettings) -> Any:
    with FakeGitHub() as forge:
        settings.GITHUB_URL = "https://forge.example"
        settings.GITHUB_API_URL = forge.api_url
        yield forge


def test_ids_are_asked_for_when_a_publisher_is_saved(
    github: FakeGitHub, alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    github.add_user("Ferris-Labs", 9176411)
    github.add_repository("Ferris-Labs", "tidepool", 702113958)

    publisher = let_publish(tide, alice, issuer, unpinned()).publisher

    assert (publisher.repository_id, publisher.repository_owner_id) == ("702113958", "9176411")
    assert publisher.repository == "Ferris-Labs/tidepool"
    assert publisher.pin_before is None
    assert refusal(exchange(id_token(ci, **RECREATED)), 403)["code"] == "identity_changed"


def test_an_owner_that_does_not_exist_is_told(
    github: FakeGitHub, alice: User, tide: Crate, issuer: Issuer
) -> None:
    from trustpub.errors import InvalidPublisher

    with pytest.raises(InvalidPublisher, match="Unknown GitHub user"):
        let_publish(tide, alice, issuer, unpinned())


def test_a_private_repository_pins_its_owner_at_once(
    github: FakeGitHub, alice: User, tide: Crate, issuer: Issuer
) -> None:
    github.add_user("ferris-labs", 9176411)

    publisher = let_publish(tide, alice, issuer, unpinned()).publisher

    assert (publisher.repository_id, publisher.repository_owner_id) == ("", "9176411")
    assert publisher.pin_before is not None


def test_a_lapsed_publisher_is_renewed_by_one_click(
    alice: User, alice_token: str, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    grant = let_publish(tide, alice, issuer, unpinned())
    Publisher.objects.update(pin_before=timezone.now())
    expire()
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"

    act(alice_token, grant, "renew")

    assert exchange(id_token(ci)).status_code == 200
    refusal(act(alice_token, grant, "renew"), 409)


def test_the_last_moment_and_the_first_after_it(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, unpinned())
    now = timezone.now()
    Publisher.objects.update(pin_before=now)

    with clock_at(now - timedelta(microseconds=1)):
        assert exchange(id_token(ci)).status_code == 200
    Publisher.objects.update(pin_before=now, repository_id="", repository_owner_id="")
    with clock_at(now):
        assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"


# --- Editing ---


def patch(token: str, grant: PublisherCrate, **fields: object) -> Any:
    return send("PATCH", f"{CONFIGS}/{grant.pk}", token, {"github_config": fields})


def test_a_publisher_is_edited_in_place(
    grant: PublisherCrate,
    alice_token: str,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    token = publish_token(ci)

    with django_capture_on_commit_callbacks(execute=True):
        made = patch(alice_token, grant, environment="prod").json()["github_config"]

    assert (made["id"], made["environment"]) == (grant.pk, "prod")
    assert made["repository_id"] == "702113958"
    refusal(publish(token, "tide"), 403)
    refusal(exchange(id_token(ci)), 403)
    assert exchange(id_token(ci, environment="prod")).status_code == 200
    event = AuditEvent.objects.get(name="publisher.edited")
    assert (event.before["environment"], event.after["environment"]) == ("release", "prod")
    assert "was changed" in mail.outbox[-1].subject


def test_another_repository_loses_its_ids(grant: PublisherCrate, alice_token: str) -> None:
    patch(alice_token, grant, repository_name="lagoon")

    publisher = Publisher.objects.get()
    assert (publisher.repository, publisher.is_pinned) == ("ferris-labs/lagoon", False)


def test_editing_leaves_the_other_crates_alone(
    grant: PublisherCrate, alice: User, alice_token: str, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    patch(alice_token, grant, workflow_filename="other.yml")

    assert exchange(id_token(ci)).json()["crates"] == ["shore"]


def test_a_rule_of_another_publisher_of_the_crate_is_refused(
    grant: PublisherCrate, alice: User, alice_token: str, tide: Crate, issuer: Issuer
) -> None:
    other = let_publish(tide, alice, issuer, form(workflow_filename="other.yml"))

    error = refusal(patch(alice_token, other, workflow_filename="release.yml"), 409)

    assert error["code"] == "publisher_exists"


# --- Who vouches for it ---


def test_a_publisher_needs_an_owner_who_vouches_for_it(
    grant: PublisherCrate,
    alice: User,
    bob: User,
    bob_token: str,
    tide: Crate,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    Ownership.objects.create(crate=tide, user=bob)
    token = publish_token(ci)
    Ownership.objects.filter(user=alice).delete()

    refusal(publish(token, "tide"), 403)
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    with django_capture_on_commit_callbacks(execute=True):
        expire()
        expire()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["bob@example.com"], "A trusted publisher of tide waits for an owner")
    ]
    act(bob_token, grant, "confirm")
    assert exchange(id_token(ci)).status_code == 200


def test_a_lock_that_ended_stops_nothing(
    grant: PublisherCrate, alice: User, ci: LocalIssuer
) -> None:
    now = timezone.now()
    User.objects.filter(pk=alice.pk).update(locked_at=now, locked_until=now + timedelta(days=1))

    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    User.objects.filter(pk=alice.pk).update(locked_until=now)
    assert exchange(id_token(ci)).status_code == 200


def test_what_a_job_had_beyond_the_rule_is_kept(
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_publish(tide, alice, issuer, form(environment=None))

    with django_capture_on_commit_callbacks(execute=True):
        publish_token(ci)
        publish_token(ci, claims={"runner_environment": "self-hosted"})

    publisher = Publisher.objects.get()
    assert publisher.seen == {"environment": "release", "runner": "self-hosted"}
    assert publisher.last_verified_at


def test_a_transfer_to_a_repository_that_has_a_publisher_is_a_clear_no(
    moved: PublisherCrate, alice: User, alice_token: str, tide: Crate, issuer: Issuer
) -> None:
    ids = {"repository_owner_id": "31"}
    let_publish(tide, alice, issuer, form(repository_owner="new-owner", **ids))

    assert refusal(act(alice_token, moved, "confirm"), 409)["code"] == "publisher_exists"
