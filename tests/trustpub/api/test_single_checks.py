"""What a single check of the exchange keeps apart, where no story would miss it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from registry.operations.quarantine import quarantine_crate, release_crate
from tests.ci import (
    TOKENS,
    exchange,
    form,
    id_token,
    let_found,
    let_publish,
    publish_token,
    trusted,
    unpinned,
)
from tests.clock import clock_at
from tests.factories.id_tokens import token_text
from tests.factories.registry import make_crate
from tests.wire import publish, refusal, send
from trustpub.actors import CiJob
from trustpub.errors import TokenDoesNotCover
from trustpub.jwt import VerifiedClaims, read_unverified
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
)
from trustpub.operations.exchange import _replay_key
from trustpub.providers import github

JTI = "0f6b7c52-8d0e-4f5b-9d0b-6f1b0a6f3a11"


def test_a_first_publish_does_not_bring_the_publisher_of_its_number(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    """Both are rules, and both are counted from one."""
    grant = let_publish(tide, alice, issuer, form(workflow_filename="nightly.yml"))
    pending = let_found("moonrise", alice, issuer)
    PendingPublisher.objects.filter(pk=pending.pk).update(id=grant.publisher_id)

    granted = exchange(id_token(ci)).json()

    assert (granted["crates"], granted["new_crates"]) == ([], ["moonrise"])


def test_a_job_that_is_known_pins_nothing_again(grant: PublisherCrate, ci: LocalIssuer) -> None:
    publish_token(ci)

    assert not AuditEvent.objects.filter(name__in=["publisher.pinned", "publisher.renamed"])


def test_a_first_publish_is_pinned_by_its_upload_alone(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, issuer, unpinned())

    publish_token(ci)

    assert not PendingPublisher.objects.get().is_pinned
    assert not AuditEvent.objects.filter(name="publisher.pinned").exists()


def test_the_first_job_is_no_rename(
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_publish(tide, alice, issuer, unpinned())
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        publish_token(ci)

    assert not [letter.subject for letter in mail.outbox if "rename" in letter.subject.lower()]
    assert not AuditEvent.objects.filter(name="publisher.renamed").exists()


def test_first_publishes_are_narrowed_by_name(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    for name in ("moonrise", "moonset"):
        let_found(name, alice, issuer)

    granted = exchange(id_token(ci), crates=["moonset"]).json()

    assert granted["new_crates"] == ["moonset"]
    assert len(PublishToken.objects.get().pending_ids) == 1


def test_what_was_spent_is_found_by_issuer_and_number(
    grant: PublisherCrate, alice: User, ci: LocalIssuer
) -> None:
    """Two installations may count alike, and one repository spends many tokens."""
    other = trusted(ci, path="/second")
    let_publish(grant.crate, alice, other)
    claims = ci.github_claims("127.0.0.1:8000", jti=JTI)
    publish_token(ci)
    assert exchange(ci.sign({**claims, "iss": other.url})).status_code == 200
    assert exchange(ci.sign(claims)).status_code == 200

    for spent in ({}, {"iss": other.url}):
        assert refusal(exchange(ci.sign({**claims, **spent})), 409)["code"] == "token_reused"


def test_a_row_that_is_kept_to_one_tenant_serves_no_other(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    publish_token(ci)
    Issuer.objects.update(options={"enterprise": "ferris-inc"})

    assert refusal(exchange(id_token(ci)), 400)["code"] == "unsupported_issuer"


@pytest.mark.parametrize("is_known", [False, True])
def test_an_enterprises_own_row_comes_before_the_forges(
    alice: User,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
) -> None:
    monkeypatch.setattr(github, "GITHUB_ISSUER", ci.url)
    if is_known:
        # The keys of that address are the forge's, until it has a row.
        refusal(exchange(id_token(ci, iss=f"{ci.url}/ferris-inc")), 403)
    own = trusted(ci, path="/ferris-inc")
    let_publish(tide, alice, own)

    assert exchange(id_token(ci, iss=own.url)).json()["crates"] == ["tide"]
    assert refusal(exchange(id_token(ci, iss=f"{ci.url}/other")), 403)["code"] == "no_publisher"


def test_what_a_job_had_is_noted_where_it_is_new(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    """The settings page offers to ask for it; a burst of equal jobs writes it once."""
    let_publish(tide, alice, issuer, form(environment=None))

    exchange(id_token(ci, environment=None, runner_environment=None))
    bare = Publisher.objects.get()
    exchange(id_token(ci, environment="staging"))
    known = Publisher.objects.get()
    exchange(id_token(ci, environment="staging"))

    assert (bare.seen, bare.last_verified_at is None) == ({}, False)
    assert known.seen == {"environment": "staging", "runner": "github-hosted"}
    assert Publisher.objects.get().last_verified_at == known.last_verified_at
    with clock_at(datetime.now(UTC) + timedelta(minutes=2)):
        exchange(id_token(ci, environment="staging"))
    assert Publisher.objects.get().last_verified_at > known.last_verified_at


@pytest.mark.usefixtures("standing_clock")
def test_tokens_of_unknown_keys_are_counted_by_address(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    publish_token(ci)
    settings.EXCHANGES_PER_ADDRESS = 2
    claims = ci.github_claims("127.0.0.1:8000")
    unknown = token_text(claims, key=ci.key, header={"alg": "RS256", "kid": "unknown"})

    assert refusal(exchange(unknown), 400)["code"] == "unknown_key"
    refusal(exchange(unknown), 429)


def test_a_name_that_could_not_be_kept_is_no_name_of_a_token() -> None:
    """Of providers that need none: an empty one would be shared by all of their tokens."""
    for name in ("", "j" * 256, "j\0", 7, None, ["a"]):
        claims = {"iss": "https://forge.example", "jti": name}
        token = read_unverified(token_text(claims))

        assert _replay_key(token, VerifiedClaims(claims), "jti") == token.replay_digest
        assert _replay_key(token, VerifiedClaims({"jti": "j" * 255}), "jti") == "j" * 255


@pytest.mark.parametrize("more", [[], ["moon"]])
def test_the_event_of_a_grant_is_of_one_crate_or_of_none(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer, more: list[str]
) -> None:
    for name in more:
        crate = Crate.objects.create(name=name, canonical_name=name)
        crate.ownerships.create(user=alice)
        let_publish(crate, alice, issuer)

    publish_token(ci)

    event = AuditEvent.objects.get(name="exchange.granted")
    assert event.crate == ("" if more else "tide")
    assert event.after == {"crates": sorted(["tide", *more]), "new_names": []}


def test_the_event_of_a_first_publish_beside_a_crate_is_of_none(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, issuer)

    publish_token(ci)

    event = AuditEvent.objects.get(name="exchange.granted")
    assert (event.crate, event.after["new_names"]) == ("", ["moonrise"])


def test_equal_refusals_are_one_and_others_are_not(grant: PublisherCrate, ci: LocalIssuer) -> None:
    for claims in (
        {"environment": "test"},
        # Another run of the same job.
        {"environment": "test", "run_id": "2", "run_attempt": "3", "run_number": "4"},
        {"environment": "prod"},
    ):
        refusal(exchange(id_token(ci, **claims)), 403)

    counts = ExchangeRefusal.objects.order_by("pk").values_list("count", flat=True)
    assert list(counts) == [2, 1]
    assert ExchangeRefusal.objects.order_by("pk").first().workload["run_id"] == "2"  # type: ignore[union-attr]


def test_refusals_of_another_repository_are_not_pushed_out(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    facts = ExchangeRefusal(
        issuer=grant.publisher.issuer, code="no_publisher", repository_id="1", workload={}
    )
    facts.save()
    for number in range(51):
        refusal(exchange(id_token(ci, environment=f"test-{number}")), 403)

    kept = ExchangeRefusal.objects.values_list("repository_id", flat=True)
    assert (len(kept), kept.filter(repository_id="1").count()) == (51, 1)
    assert not ExchangeRefusal.objects.filter(workload__environment="test-0").exists()


def test_a_refusal_is_an_event_and_a_replay_another(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = id_token(ci)
    exchange(token)
    refusal(exchange(token), 409)
    refusal(exchange(id_token(ci, environment="test")), 403)

    named = AuditEvent.objects.filter(name__startswith="exchange.re").order_by("pk")
    assert [(event.name, event.after["code"]) for event in named] == [
        ("exchange.replayed", "token_reused"),
        ("exchange.refused", "publisher_mismatch"),
    ]
    # So that what succeeded is found beside what did not.
    keys = ExchangeRefusal.objects.exclude(replay_key="").count()
    assert keys == 2


def test_spent_tokens_in_turn_fill_neither_the_log_nor_the_list(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    spent = [id_token(ci), id_token(ci, sha="f" * 40)]
    for token in spent:
        assert exchange(token).status_code == 200

    for token in spent * 3:
        refusal(exchange(token), 409)

    assert [row.count for row in ExchangeRefusal.objects.all()] == [3, 3]
    assert AuditEvent.objects.filter(name="exchange.replayed").count() == 2


def test_a_run_that_no_column_holds_is_refused_and_noted(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    refused = refusal(exchange(id_token(ci, run_id="9" * 65)), 400)

    assert refused["code"] == "unexpected_claim"
    assert AuditEvent.objects.get(name="exchange.refused").actor_id == "9" * 64


def test_only_an_identity_that_changed_stops_a_publisher(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        refusal(exchange(id_token(ci, environment="test")), 403)
    assert Publisher.objects.get().state == "active"

    # Nor does one that was only asked about, which stops nobody and sends no letter.
    with django_capture_on_commit_callbacks(execute=True):
        jwt = id_token(ci, repository_id="9")
        assert send("POST", f"{TOKENS}?dry_run=1", None, {"jwt": jwt}).status_code == 403
    assert Publisher.objects.get().state == "active"

    with django_capture_on_commit_callbacks(execute=True):
        refusal(exchange(id_token(ci, repository_id="9")), 403)
    assert Publisher.objects.get().state == "suspended"


def test_a_dry_run_is_one_only_where_it_was_asked_for(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    for query, is_dry in (("", False), ("?dry_run=0", False), ("?dry_run=1", True)):
        answer = send("POST", f"{TOKENS}{query}", None, {"jwt": id_token(ci)})
        assert ("dry_run" in answer.json()) is is_dry
        assert ("token" in answer.json()) is not is_dry


def test_a_publishers_job_that_asks_to_read_gets_nothing_to_publish(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, issuer)

    granted = exchange(id_token(ci), scope="read").json()

    assert (granted["crates"], granted["new_crates"]) == ([], [])
    token = PublishToken.objects.get()
    assert (token.scopes, token.new_names) == (["read"], [])
    for name in ("tide", "moonrise"):
        refusal(publish(granted["token"], name), 403)


def test_a_publish_token_ends_an_hour_after_its_id_token(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.PUBLISH_TOKEN_LIFETIME = timedelta(minutes=60)
    over = int(time.time()) - 20

    # Its clock may be off by a minute, and the hour counts from what it says.
    publish_token(ci, claims={"iat": over - 300, "nbf": over - 300, "exp": over})

    assert PublishToken.objects.get().expires_at == datetime.fromtimestamp(over + 3600, UTC)


def test_a_first_publish_of_another_installation_is_not_granted(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, trusted(ci, path="/second"))
    assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"

    let_publish(tide, alice, issuer)
    let_found("moonset", alice, issuer)
    assert exchange(id_token(ci)).json()["new_crates"] == ["moonset"]


def test_an_exchange_is_when_the_publisher_was_verified_last(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish_token(ci)

    assert Publisher.objects.get().last_verified_at is not None


def test_a_first_publish_of_a_name_that_somebody_took_is_a_conflict(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, issuer)
    token = publish_token(ci)
    job = CiJob(PublishToken.objects.get())
    # As the operator's shell makes it, which tells nobody who waits for the name.
    make_crate("moonrise", owner=bob)

    assert refusal(exchange(id_token(ci)), 409)["code"] == "pending_conflict"
    refusal(publish(token, "moonrise", "0.2.0"), 409)
    PendingPublisher.objects.all().delete()
    with pytest.raises(TokenDoesNotCover):
        job.founder_of("moonrise")


def test_a_first_publish_is_nothing_once_its_ci_system_serves_others_alone(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("moonrise", alice, issuer)
    token = publish_token(ci)
    Issuer.objects.update(organization_id=7)

    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    refusal(publish(token, "moonrise"), 403)
    Issuer.objects.update(organization_id=None)
    assert publish(token, "moonrise").status_code == 200


def test_a_crate_in_quarantine_is_granted_to_nobody(
    grant: PublisherCrate, alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    shell = System("tests")
    token = publish_token(ci)
    quarantine_crate(actor=shell, crate=tide, reason="malware")

    error = refusal(exchange(id_token(ci)), 403)
    assert error["code"] == "publisher_suspended"
    assert "in quarantine" in error["publishers"][0]["state"]
    refusal(publish(token, "tide"), 403)

    let_publish(make_crate("shore", owner=alice), alice, issuer)
    assert exchange(id_token(ci)).json()["crates"] == ["shore"]
    release_crate(actor=shell, crate=tide, reason="harmless")
    assert exchange(id_token(ci)).json()["crates"] == ["shore", "tide"]
