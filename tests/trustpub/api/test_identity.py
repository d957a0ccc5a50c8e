"""Names are for people, ids are for trust: pins, renames, transfers, takeovers (reference, b.0)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, unpinned
from tests.factories.registry import make_crate
from tests.wire import publish, refusal
from trustpub.models import ExchangeRefusal, Issuer, Publisher, PublisherCrate
from trustpub.tasks import expire

RENAMED = {
    "repository": "ferris-labs/lagoon",
    "repository_owner": "ferris-labs",
    "workflow_ref": "ferris-labs/lagoon/.github/workflows/release.yml@refs/tags/v1.4.0",
    "job_workflow_ref": "ferris-labs/lagoon/.github/workflows/release.yml@refs/tags/v1.4.0",
}
MOVED = {
    "repository": "new-owner/tidepool",
    "repository_owner": "new-owner",
    "repository_owner_id": "31",
    "workflow_ref": "new-owner/tidepool/.github/workflows/release.yml@refs/tags/v1.4.0",
    "job_workflow_ref": "new-owner/tidepool/.github/workflows/release.yml@refs/tags/v1.4.0",
}
RECREATED = {"repository_id": "999"}
TAKEN_OVER = {"repository_id": "999", "repository_owner_id": "31"}


@pytest.fixture
def loose(alice: User, tide: Crate, issuer: Issuer) -> Publisher:
    """A publisher whose ids nobody has seen yet."""
    return let_publish(tide, alice, issuer, unpinned()).publisher


def test_the_first_job_pins_the_ids(loose: Publisher, ci: LocalIssuer) -> None:
    assert loose.pin_before is not None

    publish_token(ci)

    loose = Publisher.objects.get()
    assert (loose.repository_id, loose.repository_owner_id) == ("702113958", "9176411")
    assert (loose.pin_before, loose.pinned_at is not None) == (None, True)
    assert AuditEvent.objects.filter(name="publisher.pinned").count() == 1
    refusal(exchange(id_token(ci, **RECREATED)), 403)


def test_a_refused_job_pins_nothing(loose: Publisher, ci: LocalIssuer) -> None:
    refusal(exchange(id_token(ci, environment="test")), 403)
    refusal(exchange(id_token(ci), crates=["other"]), 403)

    loose.refresh_from_db()
    assert not loose.is_pinned


def test_an_unpinned_publisher_lapses_on_time(loose: Publisher, ci: LocalIssuer) -> None:
    Publisher.objects.update(pin_before=timezone.now())

    error = refusal(exchange(id_token(ci)), 403)

    assert error["code"] == "publisher_suspended"
    expire()
    loose.refresh_from_db()
    assert loose.state == Publisher.State.EXPIRED


def test_an_unpinned_publisher_works_until_then(loose: Publisher, ci: LocalIssuer) -> None:
    assert loose.pin_before is not None
    assert loose.pin_before - timezone.now() > timedelta(days=6, hours=23)
    Publisher.objects.update(pin_before=timezone.now() + timedelta(minutes=1))
    expire()

    assert exchange(id_token(ci)).status_code == 200


def test_a_lapsed_publisher_can_be_added_again(
    loose: Publisher, alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    Publisher.objects.update(pin_before=timezone.now())

    let_publish(tide, alice, issuer, unpinned())

    assert exchange(id_token(ci)).status_code == 200


@pytest.mark.parametrize("how", [RECREATED, TAKEN_OVER])
def test_another_repository_of_the_name_is_refused_and_stops_the_publisher(
    grant: PublisherCrate,
    ci: LocalIssuer,
    settings: Settings,
    django_capture_on_commit_callbacks: Any,
    how: dict[str, object],
) -> None:
    settings.SECURITY_CONTACT = "security@reg.example"
    with django_capture_on_commit_callbacks(execute=True):
        error = refusal(exchange(id_token(ci, **how)), 403)

    assert error["code"] == "identity_changed"
    publisher = Publisher.objects.get()
    assert publisher.state == Publisher.State.SUSPENDED
    assert AuditEvent.objects.filter(name="publisher.identity_changed").exists()
    assert any("suspended" in letter.subject.lower() or "stopped" in letter.subject.lower()
               for letter in mail.outbox), [letter.subject for letter in mail.outbox]  # fmt: skip
    to_owner, to_contact = sorted(mail.outbox[-2:], key=lambda letter: letter.to)
    assert to_owner.body.endswith("\nThis registry's security contact: security@reg.example\n")
    assert to_contact.to == ["security@reg.example"]
    assert to_contact.body == (
        "Hello,\n\n"
        "this trusted publisher was stopped:\n\n"
        f"    {publisher}\n\n"
        f"Reason: {publisher.state_reason}.\n"
        "It published: tide.\n\n"
        "The owners of these crates were told. Administrators see the publisher here, and can "
        "block a\nrepository or its new owner:\n\n"
        f"    http://127.0.0.1:8000/admin/trustpub/publisher/{publisher.pk}/change/\n\n"
    )
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"


def test_a_stopped_publisher_kills_the_tokens_it_gave(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    token = publish_token(ci)
    with django_capture_on_commit_callbacks(execute=True):
        exchange(id_token(ci, **RECREATED))

    refusal(publish(token, "tide"), 403)


def test_an_owner_lifts_it_by_adding_the_publisher_again(
    grant: PublisherCrate,
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)  # shares the publisher
    with django_capture_on_commit_callbacks(execute=True):
        exchange(id_token(ci, **RECREATED))

    let_publish(tide, alice, issuer, form(repository_id="999"))

    assert exchange(id_token(ci, **RECREATED)).json()["crates"] == ["tide"]
    refusal(exchange(id_token(ci)), 403)


def test_a_transferred_repository_waits_for_its_owner(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        error = refusal(exchange(id_token(ci, **MOVED)), 403)

    assert error["code"] == "identity_changed"
    assert Publisher.objects.get().state == Publisher.State.AWAITING
    assert refusal(exchange(id_token(ci, **MOVED)), 403)["code"] == "identity_changed"


def test_a_rename_is_followed_and_told(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    pinned_at = timezone.now() - timedelta(days=3)
    Publisher.objects.update(pinned_at=pinned_at)
    with django_capture_on_commit_callbacks(execute=True):
        assert exchange(id_token(ci, **RENAMED)).status_code == 200

    publisher = Publisher.objects.get()
    assert (publisher.repository, publisher.pinned_at) == ("ferris-labs/lagoon", pinned_at)
    assert publisher.fields["repository_name"] == "lagoon"
    event = AuditEvent.objects.get(name="publisher.renamed")
    assert event.before["repository_name"] == "tidepool"
    assert len(mail.outbox) >= 1
    # The name is free for others now, and means nothing to this publisher.
    assert refusal(exchange(id_token(ci, **TAKEN_OVER)), 403)["code"] == "no_publisher"


def test_a_renamed_repository_may_be_given_its_rule_twice(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    other = make_crate("other", owner=alice)
    let_publish(other, alice, issuer, form(repository_name="lagoon"))

    answer = exchange(id_token(ci, **RENAMED))

    assert answer.json()["crates"] == ["other", "tide"]
    assert exchange(id_token(ci, **RENAMED)).json()["crates"] == ["other", "tide"]


@pytest.mark.parametrize("case", [str.upper, str.title, str.lower])
def test_case_does_not_matter_in_names(grant: PublisherCrate, ci: LocalIssuer, case: Any) -> None:
    repository = case("ferris-labs/tidepool")
    where = f"{repository}/.github/workflows/release.yml@refs/tags/v1.4.0"

    answer = exchange(
        id_token(
            ci,
            repository=repository,
            repository_owner=case("ferris-labs"),
            workflow_ref=where,
            job_workflow_ref=where,
            environment=case("release"),
        )
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("repository", ["ferriſ-labs/tidepool", "ferris-labs/tİdepool"])
def test_letters_that_only_unicode_folds_are_others(
    grant: PublisherCrate, ci: LocalIssuer, repository: str
) -> None:
    refusal(exchange(id_token(ci, repository=repository)), 400)


@pytest.mark.parametrize(
    ("claims", "field", "expected", "received"),
    [
        ({"environment": "test"}, "environment", "release", "test"),
        ({"environment": None}, "environment", "release", ""),
        ({"environment": ""}, "environment", "release", ""),
        (
            dict.fromkeys(
                ("workflow_ref", "job_workflow_ref"),
                "ferris-labs/tidepool/.github/workflows/Release.yml@refs/tags/v1.4.0",
            ),
            "workflow",
            "release.yml",
            "Release.yml",
        ),
        (
            {"job_workflow_ref": "evil/x/.github/workflows/release.yml@refs/tags/v1.4.0"},
            "called_workflow",
            "a workflow of ferris-labs/tidepool",
            "evil/x/.github/workflows/release.yml",
        ),
    ],
)
def test_a_near_miss_is_told_by_field(
    grant: PublisherCrate,
    ci: LocalIssuer,
    claims: dict[str, object],
    field: str,
    expected: str,
    received: str,
) -> None:
    error = refusal(exchange(id_token(ci, **claims)), 403)

    assert error["code"] == "publisher_mismatch"
    [publisher] = error["publishers"]
    assert publisher["differences"] == [
        {"field": field, "expected": expected, "received": received}
    ]
    assert expected in error["detail"]
    assert received in error["detail"] or not received


def test_a_stranger_learns_nothing_but_what_he_said(grant: PublisherCrate, ci: LocalIssuer) -> None:
    where = "stranger/x/.github/workflows/release.yml@refs/tags/v1.4.0"

    error = refusal(
        exchange(
            id_token(
                ci,
                repository="stranger/x",
                repository_owner="stranger",
                repository_id="1",
                repository_owner_id="2",
                workflow_ref=where,
                job_workflow_ref=where,
            )
        ),
        403,
    )

    assert error["code"] == "no_publisher"
    assert error["claims"]["repository"] == "stranger/x"
    assert error["add_publisher"].startswith("http://127.0.0.1:8000/settings/publishers/new?")
    assert not {"tide", "ferris", "alice"} & set(str(error).replace("/", " ").split())


def test_a_refusal_is_kept_for_the_owners(grant: PublisherCrate, ci: LocalIssuer) -> None:
    answer = exchange(id_token(ci, environment="test"))

    kept = ExchangeRefusal.objects.get()
    assert kept.code == "publisher_mismatch"
    assert kept.request_id == answer["X-Request-Id"]
    assert kept.workload["environment"] == "test"
    assert "mira-k" not in str(kept.workload)


def test_a_former_holder_of_a_name_gets_no_rights_from_its_new_one(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    """Bob had the name first; his pinned rule must not be what Alice's equal one becomes."""
    let_publish(make_crate("bobs", owner=bob), bob, issuer, form(repository_id="1"))

    let_publish(make_crate("alices", owner=alice), alice, issuer, unpinned())

    assert exchange(id_token(ci, repository_id="1")).json()["crates"] == ["alices", "bobs"]
    alices = Publisher.objects.get(crates__name="alices")
    assert alices != Publisher.objects.get(crates__name="bobs")


def test_a_former_holder_who_renamed_away_gets_nothing(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("bobs", owner=bob), bob, issuer, form(repository_id="1"))
    let_publish(make_crate("alices", owner=alice), alice, issuer, unpinned())

    answer = exchange(id_token(ci, **{**RENAMED, "repository_id": "1"}))

    assert answer.json()["crates"] == ["bobs"]


def test_a_first_publish_does_not_join_a_former_holder_of_the_name(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("bobs", owner=bob), bob, issuer, form(repository_id="1"))
    let_found("fresh", alice, issuer, unpinned())

    assert publish(publish_token(ci), "fresh").status_code == 200

    assert exchange(id_token(ci)).json()["crates"] == ["fresh"]
    answer = exchange(id_token(ci, **{**RENAMED, "repository_id": "1"}))
    assert answer.json()["crates"] == ["bobs"]


def test_equal_rules_of_one_repository_are_one_publisher(
    grant: PublisherCrate, alice: User, issuer: Issuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    assert Publisher.objects.count() == 1
