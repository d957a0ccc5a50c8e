"""Rows 20 to 36 of the threat table (reference, h): workflows, runners, tokens, registrations."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone

from accounts.models import User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.actors import Person
from registry.models import Crate
from registry.operations.settings import set_trustpub_only
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, trusted
from tests.clock import clock_at
from tests.factories.archives import build_crate
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, PublishToken
from trustpub.operations.publishers import add_publisher, remove_publisher
from trustpub.providers import provider_for

HOME = "ferris-labs/tidepool/.github/workflows"
NEVER = """branch_protection_rule check_run check_suite delete discussion discussion_comment fork
    gollum image_version issue_comment issues label milestone page_build public
    pull_request_review pull_request_review_comment pull_request_target registry_package status
    watch workflow_call workflow_run""".split()


def add(alice: User, crate: Crate, issuer: Issuer, **rules: object) -> PublisherCrate:
    return add_publisher(actor=Person(alice), crate=crate, issuer=issuer, form=form(), rules=rules)


def on(ref: str, file: str = "release.yml") -> dict[str, object]:
    where = f"{HOME}/{file}@{ref}"
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    return {"ref": ref, "ref_type": kind, "workflow_ref": where, "job_workflow_ref": where}


@pytest.mark.parametrize("rules", [{"refs": "tags"}, {"refs": "tags", "tag_pattern": "v{version}"}])
def test_row_20_a_workflow_that_was_edited_on_a_branch(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer, rules: dict[str, object]
) -> None:
    add(alice, tide, issuer, **rules)

    error = refusal(exchange(id_token(ci, **on("refs/heads/evil"))), 403)

    assert error["code"] == "publisher_mismatch"
    assert exchange(id_token(ci)).status_code == 200


def test_row_20_unprotected_refs_on_gitlab_are_out_by_default() -> None:
    from django.conf import settings

    assert settings.DEFAULT_RULES["gitlab"] == {"refs": "protected"}


def test_row_21_events_that_strangers_can_cause(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.FAILED_EXCHANGES_PER_REPOSITORY = settings.EXCHANGES_PER_REPOSITORY = 1000
    provider = provider_for("github")
    for event in [*NEVER, *provider.risky_events, "tomorrows_event", "Push", ""]:
        answer = exchange(id_token(ci, event_name=event))
        assert answer.status_code in (400, 403), event
    for event in provider.allowed_events:
        assert exchange(id_token(ci, event_name=event)).status_code == 200, event


def test_row_22_a_forks_merge_request_pipeline(alice: User, tide: Crate, ci: LocalIssuer) -> None:
    issuer = trusted(ci, "gitlab")
    Issuer.objects.filter(pk=issuer.pk).update(web_url=ci.url)
    issuer.refresh_from_db()
    fields = {
        "namespace": "ferris-labs/libs",
        "project": "tidepool",
        "workflow_filepath": ".gitlab-ci.yml",
        "project_id": "20488",
        "namespace_id": "7718",
    }
    let_publish(tide, alice, issuer, fields)

    fork = ci.gitlab_token("127.0.0.1:8000", job_project_id="999")
    request = ci.gitlab_token("127.0.0.1:8000", pipeline_source="merge_request_event")

    refusal(exchange(fork), 400)
    assert refusal(exchange(request), 403)["code"] == "event_not_allowed"
    assert exchange(ci.gitlab_token("127.0.0.1:8000")).status_code == 200


def test_row_23_a_stranger_who_calls_our_workflow(grant: PublisherCrate, ci: LocalIssuer) -> None:
    stranger = {
        "repository": "evil/x",
        "repository_owner": "evil",
        "repository_id": "1",
        "repository_owner_id": "2",
        "workflow_ref": "evil/x/.github/workflows/release.yml@refs/tags/v1.4.0",
        "job_workflow_ref": f"{HOME}/release.yml@refs/tags/v1.4.0",
    }

    assert refusal(exchange(id_token(ci, **stranger)), 403)["code"] == "no_publisher"


@pytest.mark.parametrize(
    ("called_ref", "good", "bad"),
    [
        ("1" * 40, {"job_workflow_sha": "1" * 40}, {"job_workflow_sha": "2" * 40}),
        (
            "refs/tags/v1",
            {"job_workflow_ref": "shared/x/.github/workflows/p.yml@refs/tags/v1"},
            {"job_workflow_ref": "shared/x/.github/workflows/p.yml@refs/heads/v1"},
        ),
        ("any", {}, {"job_workflow_ref": "other/x/.github/workflows/p.yml@refs/tags/v1"}),
    ],
)
def test_row_24_a_called_workflow_that_was_swapped(
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    called_ref: str,
    good: dict[str, str],
    bad: dict[str, str],
) -> None:
    called = "shared/x/.github/workflows/p.yml"
    add(alice, tide, issuer, called_workflow=called, called_ref=called_ref)
    job = {"job_workflow_ref": f"{called}@refs/tags/v1", "job_workflow_sha": "1" * 40}

    assert exchange(id_token(ci, **(job | good))).status_code == 200
    assert refusal(exchange(id_token(ci, **(job | bad))), 403)["code"] == "publisher_mismatch"


def test_row_25_the_same_file_name_in_another_repository(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    enforced = "org-rules/x/.github/workflows/release.yml@refs/tags/v1.4.0"

    assert refusal(exchange(id_token(ci, workflow_ref=enforced)), 400)["code"] == "unexpected_claim"
    error = refusal(exchange(id_token(ci, job_workflow_ref=enforced)), 403)
    assert error["code"] == "publisher_mismatch"


@pytest.mark.parametrize(
    "claims",
    [
        on("refs/tags/v1", "nested@release.yml"),
        on("refs/heads/bad@release.yml", "other.yml"),
        on("refs/tags/v1", "release.yml@refs/heads/main"),
        {"workflow_ref": f"{HOME}/release.yml@refs/heads/x@refs/tags/v1.4.0"},
        {"workflow_ref": f"{HOME}/x/release.yml@refs/tags/v1.4.0"},
    ],
)
def test_row_26_tricks_with_at_signs(
    grant: PublisherCrate, ci: LocalIssuer, claims: dict[str, object]
) -> None:
    assert exchange(id_token(ci, **claims)).status_code in (400, 403)
    assert not PublishToken.objects.exists()


def test_row_27_a_runner_that_keeps_state(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    add(alice, tide, issuer, runner="hosted")

    for runner in ("self-hosted", "", None, "GitHub-hosted"):
        refusal(exchange(id_token(ci, runner_environment=runner)), 403)
    assert exchange(id_token(ci)).status_code == 200


def test_row_28_a_stolen_token_that_is_bound(grant: PublisherCrate, ci: LocalIssuer) -> None:
    crate = build_crate("tide", "1.2.3")
    bound = {"name": "tide", "vers": "1.2.3", "cksum": hashlib.sha256(crate).hexdigest()}
    token = publish_token(ci, bind=bound)

    with nothing_happens():
        refusal(publish(token, "tide", "1.2.3", files={"src/lib.rs": b"// stolen"}), 403)
    assert publish(token, "tide", "1.2.3", crate=crate).status_code == 200


def test_row_29_a_token_in_an_uploaded_archive(grant: PublisherCrate, ci: LocalIssuer) -> None:
    pytest.importorskip("registry.operations.packed_tokens")
    token = publish_token(ci)

    answer = publish(token, "tide", files={"src/lib.rs": f"// {token}".encode()})

    assert answer.status_code in (400, 403)
    refusal(publish(token, "tide"), 403)


def test_row_30_a_token_outlives_its_publisher(
    grant: PublisherCrate, alice: User, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    with nothing_happens():
        refusal(publish(token, "tide"), 403)


def test_row_31_an_old_personal_token(grant: PublisherCrate, alice: User, alice_token: str) -> None:
    set_trustpub_only(actor=Person(alice), crate=grant.crate, trustpub_only=True)

    with nothing_happens():
        error = refusal(publish(alice_token, "tide"), 403)

    assert error["code"] == "trusted_publishing_only"


@pytest.mark.parametrize("how", ["crate", "policy"])
def test_row_32_a_thief_adds_a_publisher(
    grant: PublisherCrate,
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    settings: LazySettings,
    how: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    if how == "policy":
        settings.NEW_PUBLISHER_DELAY = timedelta(hours=24)
    else:
        long_ago = timezone.now() - timedelta(days=90)
        Crate.objects.update(trustpub_only=True, trustpub_only_since=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        thief = let_publish(tide, alice, issuer, form(workflow_filename="evil.yml"))
    begins = thief.active_from
    assert begins
    evil = on("refs/tags/v1.4.0", "evil.yml")

    error = refusal(exchange(id_token(ci, **evil)), 403)

    assert error["code"] == "publisher_suspended"
    assert mail.outbox
    with clock_at(begins - timedelta(seconds=1)):
        assert not thief.has_begun()
        assert PublisherCrate.objects.standing().count() == 1
    with clock_at(begins):
        assert PublisherCrate.objects.standing().count() == 2
    # The one that was there goes on; one that was just switched on may be set up at once.
    assert exchange(id_token(ci)).status_code == 200
    Crate.objects.update(trustpub_only_since=timezone.now())
    settings.NEW_PUBLISHER_DELAY = timedelta(0)
    assert let_publish(tide, alice, issuer, form(workflow_filename="c.yml")).active_from is None


def test_row_32_editing_is_no_way_around_the_delay(
    grant: PublisherCrate, alice_token: str, ci: LocalIssuer
) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    Crate.objects.update(trustpub_only=True, trustpub_only_since=long_ago)
    path = f"/api/v1/trusted_publishing/github_configs/{grant.pk}"

    stricter = {"github_config": {"rules": {"refs": "tags"}}}
    assert send("PATCH", path, alice_token, stricter).status_code == 200
    assert exchange(id_token(ci)).status_code == 200
    other = {"github_config": {"workflow_filename": "evil.yml"}}
    assert send("PATCH", path, alice_token, other).status_code == 200

    refusal(exchange(id_token(ci, **on("refs/tags/v1.4.0", "evil.yml"))), 403)
    wider = {"github_config": {"environment": None, "rules": {}}}
    send("PATCH", path, alice_token, wider)
    grant.refresh_from_db()
    assert grant.active_from


def test_row_33_a_thief_switches_the_protection_off(
    grant: PublisherCrate, alice: User, tide: Crate
) -> None:
    token = create_token(user=alice, name="old").text
    set_trustpub_only(actor=Person(alice), crate=tide, trustpub_only=True)
    set_trustpub_only(actor=Person(alice), crate=tide, trustpub_only=False)
    ends_at = Crate.objects.get().trustpub_only_ends_at
    assert ends_at

    with clock_at(ends_at - timedelta(seconds=1)), nothing_happens():
        refusal(publish(token, "tide"), 403)
    with clock_at(ends_at):
        assert publish(token, "tide").status_code == 200


def test_row_34_squatting_by_pending_rows(
    alice: User, bob_token: str, issuer: Issuer, ci: LocalIssuer, settings: LazySettings
) -> None:
    from trustpub.errors import TooManyPublishers

    settings.PENDING_PUBLISHERS_PER_USER = 1
    let_found("fresh", alice, issuer)
    publish_token(ci)

    with pytest.raises(TooManyPublishers):
        let_found("more", alice, issuer)
    assert not Crate.objects.exists()
    assert publish(bob_token, "fresh").status_code == 200


def test_row_35_somebody_registers_my_workflow(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("squat", bob, issuer)

    let_found("fresh", alice, issuer)
    let_found("squat", alice, issuer)

    assert exchange(id_token(ci)).json()["new_crates"] == ["fresh", "squat"]
    assert PendingPublisher.objects.count() == 3


def test_row_36_two_first_publishes(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    """One after the other; both at once is in tests/races."""
    let_found("fresh", alice, issuer)
    let_found("FRESH", bob, issuer, form(workflow_filename="other.yml"))
    first = publish_token(ci)
    second = publish_token(ci, claims=on("refs/tags/v1.4.0", "other.yml"))

    assert publish(first, "fresh").status_code == 200
    assert refusal(publish(second, "FRESH"), 409)["code"] == "pending_conflict"
    assert make_crate("other").pk
    assert Crate.objects.filter(canonical_name="fresh").count() == 1
