"""Rows 37 to 54 of the threat table (reference, h): names, disclosure, markup, administration."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.errors import InvalidInput
from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import Person, System
from registry.formats.repository_links import Agreement, compare_repositories
from registry.models import Crate, Ownership, RateBucket, ReservedName
from registry.operations.delete import delete_crate
from registry.operations.owners import remove_owners
from tests.accounts.deeds import do
from tests.cases import in_turn
from tests.ci import TOKENS, exchange, form, id_token, let_found, let_publish, publish_token
from tests.factories.id_tokens import claims_of, token_text, verified
from tests.factories.registry import make_crate, make_version
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.errors import NameUnavailable
from trustpub.jwt import TokenRefused
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
    SpentIdToken,
)
from trustpub.operations.issuers import trust_issuer
from trustpub.providers import PROVIDERS
from trustpub.tasks import clean_up, expire

API = "/api/v1/trusted_publishing"


@pytest.mark.parametrize("name", ["serde-json", "SERDE_JSON", "Serde-Json"])
def test_row_37_a_name_that_looks_alike(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer, name: str
) -> None:
    make_crate("serde_json", owner=bob)

    with pytest.raises(NameUnavailable):
        let_found(name, alice, issuer)
    # And again at the upload.
    let_found("serde-yaml", alice, issuer)
    token = publish_token(ci)
    make_crate("serde_yaml", owner=bob)
    with nothing_happens(but="pending.conflict"):
        refusal(publish(token, "serde-yaml"), 409)


def test_row_38_less_than_the_rule_allows(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer, client: Client
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    token = publish_token(ci, crates=["tide"])

    refusal(publish(token, "shore"), 403)
    assert publish(token, "tide").status_code == 200
    client.force_login(alice)
    assert "also publishes 1 other crate" in client.get("/crates/tide/settings").content.decode()


def test_row_39_limits_hold_for_nobody_too(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    settings.RATE_LIMITS = {
        "publish-new": (1, 600),
        "publish-update": (2, 60),
        "yank-unyank": (1, 60),
    }
    for patch in range(2):
        assert publish(publish_token(ci), "tide", f"0.1.{patch}").status_code == 200

    refusal(publish(publish_token(ci), "tide", "0.1.2"), 429)
    assert RateBucket.objects.get().subject.startswith("publisher:")


def test_row_40_provenance_that_is_lost_or_moves(
    grant: PublisherCrate,
    alice: User,
    alice_token: str,
    tide: Crate,
    issuer: Issuer,
    ci: LocalIssuer,
    client: Client,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def shown(version: str) -> str:
        return str(client.get(f"/crates/tide/{version}").content.decode())

    publish(publish_token(ci), "tide", "1.0.0")
    with django_capture_on_commit_callbacks(execute=True):
        assert publish(alice_token, "tide", "1.1.0").status_code == 200
    assert any("comes from elsewhere than before" in letter.subject for letter in mail.outbox)
    assert "earlier versions came from trusted publishing" in shown("1.1.0")
    assert "Look twice" not in shown("1.0.0")

    let_publish(tide, alice, issuer, form(repository_name="fork", repository_id="5"))
    where = "ferris-labs/fork/.github/workflows/release.yml@refs/tags/v1.4.0"
    fork: dict[str, object] = {
        "repository": "ferris-labs/fork",
        "repository_id": "5",
        "workflow_ref": where,
        "job_workflow_ref": where,
    }
    publish(publish_token(ci, claims=fork), "tide", "1.2.0")
    assert "another repository" in shown("1.2.0")


@pytest.mark.parametrize(
    "claimed",
    [
        "https://forge.example@evil.example/ferris-labs/tidepool",
        "https://forge.example\\@evil.example/ferris-labs/tidepool",
        "https://forge.example/ferris-labs/%2e%2e/evil/x",
        "https://forge.example:8443/ferris-labs/tidepool",
        "https://evil.example/ferris-labs/tidepool",
    ],
)
def test_row_41_a_misleading_link(claimed: str) -> None:
    verified_link = "https://forge.example/ferris-labs/tidepool"

    assert compare_repositories(claimed, verified_link) is not Agreement.SAME


def test_row_42_answers_tell_nothing_of_others(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    def answer() -> dict[str, Any]:
        error = refusal(exchange(id_token(ci)), 403)
        return {key: value for key, value in error.items() if key != "request_id"}

    nothing_there = answer()
    hidden = make_crate("secret-crate", owner=bob)
    let_publish(hidden, bob, issuer, form(repository_name="vault", repository_id="5"))
    ReservedName.objects.create(canonical_name="tidepool", reason="secret")

    assert answer() == nothing_there
    narrowed = [
        refusal(exchange(id_token(ci), crates=[name]), 403)["detail"].replace(name, "*")
        for name in ("secret-crate", "nowhere")
    ]
    assert narrowed[0] == narrowed[1]


@pytest.mark.parametrize(
    "environment", ['"><script>alert(1)</script>', "a\r\nX-Evil: 1", "a\u202eb", "a\x1b[31m"]
)
def test_row_43_claims_that_are_markup(
    grant: PublisherCrate,
    alice: User,
    ci: LocalIssuer,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    environment: str,
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = exchange(id_token(ci, environment=environment))

    assert answer.status_code in (400, 403)
    told = json.dumps(answer.json(), ensure_ascii=False)
    client.force_login(alice)
    page = client.get("/crates/tide/settings").content.decode()
    for text in (told, page, caplog.text):
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert "\r" not in text
    assert "<script>alert" not in page
    assert ExchangeRefusal.objects.count() == 1


def test_row_44_personal_data_is_not_kept(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    publish(publish_token(ci), "tide")
    exchange(id_token(ci, environment="test"))
    exchange(id_token(ci, event_name="workflow_run"))

    for table in (PublishToken, ExchangeRefusal, AuditEvent, SpentIdToken, Publisher):
        stored = str(list(table._default_manager.values()))
        for personal in ("mira-k", "5501234", "user_email", "mira@example.org"):
            assert personal not in stored
    old = timezone.now() - timedelta(days=31)
    ExchangeRefusal.objects.update(at=old)
    PublishToken.objects.update(issued_at=old - timedelta(hours=1), expires_at=old)
    clean_up()
    assert not ExchangeRefusal.objects.exists()
    assert not PublishToken.objects.exists()


def test_row_45_a_link_that_fills_the_form(
    alice: User, tide: Crate, issuer: Issuer, client: Client
) -> None:
    client.force_login(alice)

    for page in ("/crates/tide/settings/publishers/new", "/settings/publishers/new"):
        answer = client.get(f"{page}?issuer={issuer.pk}&repository=evil/x&workflow=release.yml")
        assert "A link filled in this form" in answer.content.decode()
    assert not Publisher.objects.exists()
    assert not PendingPublisher.objects.exists()


@pytest.mark.parametrize("rerun", [True, "true", "false", None])
def test_row_46_a_person_with_a_shell_in_the_job(rerun: object) -> None:
    pytest.importorskip("trustpub.providers.circleci")
    url = str(claims_of("circleci")["iss"])

    with pytest.raises(TokenRefused):
        PROVIDERS["circleci"].read(
            verified("circleci", **{"oidc.circleci.com/ssh-rerun": rerun}), url
        )


def test_row_47_a_clock_that_is_wrong(grant: PublisherCrate, ci: LocalIssuer) -> None:
    at = int(timezone.now().timestamp())

    error = refusal(exchange(id_token(ci, iat=at + 600, exp=at + 900, nbf=None)), 400)

    assert error["code"] == "token_not_yet_valid"
    assert f"{timezone.now():%Y-%m-%d}" in error["detail"]


@pytest.mark.parametrize(
    "repository", ["ferriſ-labs/tidepool", "ferris-labs/tidepool\u212a", "ferris-labs/tİdepool"]
)
def test_row_48_letters_that_only_unicode_folds(
    grant: PublisherCrate, ci: LocalIssuer, repository: str
) -> None:
    owner = repository.partition("/")[0]

    refusal(exchange(id_token(ci, repository=repository, repository_owner=owner)), 400)


def test_row_49_tokens_that_are_too_long_or_too_deep(
    grant: PublisherCrate, ci: LocalIssuer, django_assert_num_queries: Any
) -> None:
    claims = ci.github_claims("127.0.0.1:8000")
    inner = json.dumps(claims)[1:].encode()
    for payload in (
        json.dumps({**claims, "padding": "x" * 17 * 1024}).encode(),
        b'{"deep": ' + b"[" * 5000 + b"]" * 5000 + b", " + inner,
        b'{"repository": "evil/x", ' + inner,
    ):
        token = token_text(payload, key=ci.key)
        with django_assert_num_queries(0):
            refusal(exchange(token), 400)


def test_row_50_an_administrator_leaves_traces(admin_client: Client, alice: User) -> None:
    before = AuditEvent.objects.count()

    trust_issuer(
        actor=System("tests"), provider="github", url="https://ghe.example/_services/token"
    )
    do(admin_client, ReservedName, "reserve", pattern="taken")

    assert AuditEvent.objects.count() == before + 2
    for model in ("publisher", "pendingpublisher", "publishtoken", "exchangerefusal"):
        assert admin_client.get(f"/admin/trustpub/{model}/add/").status_code == 403


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root", "secret"))
    return client


def test_row_51_a_hostile_issuer_for_a_public_provider(db: None) -> None:
    hosted = "https://token.actions.githubusercontent.com"

    with pytest.raises(InvalidInput):
        trust_issuer(actor=System("tests"), provider="gitlab", url=hosted)
    trust_issuer(actor=System("tests"), provider="github", url=hosted)
    assert Issuer.objects.filter(url=hosted).count() == 1


def test_row_52_a_former_owners_publisher(
    grant: PublisherCrate, alice: User, bob: User, ci: LocalIssuer, client: Client
) -> None:
    Ownership.objects.create(crate=grant.crate, user=bob)
    token = publish_token(ci)
    remove_owners(actor=Person(bob), crate=grant.crate, logins=["alice"])

    refusal(publish(token, "tide"), 403)
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    client.force_login(bob)
    assert "no longer owns tide" in client.get("/crates/tide/settings").content.decode()


def test_row_53_a_crate_that_changed_hands(
    grant: PublisherCrate,
    alice: User,
    bob: User,
    bob_token: str,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    Ownership.objects.filter(crate=grant.crate).delete()
    Ownership.objects.create(crate=grant.crate, user=bob)

    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"
    with django_capture_on_commit_callbacks(execute=True):
        expire()
    assert [letter.to for letter in mail.outbox] == [["bob@example.com"]]
    path = f"{API}/github_configs/{grant.pk}/confirm"
    assert send("POST", path, bob_token).status_code == 200
    assert exchange(id_token(ci)).status_code == 200

    # Deleted and made again under the same name: nothing is left of the publisher.
    make_version(grant.crate)
    delete_crate(actor=Person(bob), crate=grant.crate, message="")
    make_crate("tide", owner=alice)
    assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"


@in_turn(
    ("method", "path"),
    [
        ("GET", f"{API}/github_configs?crate=tide"),
        ("POST", f"{API}/github_configs"),
        ("PATCH", f"{API}/github_configs/{{grant}}"),
        ("DELETE", f"{API}/github_configs/{{grant}}"),
        ("POST", f"{API}/github_configs/{{grant}}/suspend"),
        ("POST", f"{API}/github_configs/{{grant}}/resume"),
        ("POST", f"{API}/github_configs/{{grant}}/confirm"),
        ("POST", f"{API}/github_configs/{{grant}}/renew"),
        ("GET", f"{API}/gitlab_configs?crate=tide"),
        ("POST", f"{API}/gitlab_configs"),
        ("GET", f"{API}/pending_publishers"),
        ("DELETE", f"{API}/pending_publishers/1"),
        ("PATCH", "/api/v1/crates/tide"),
        ("PUT", "/api/v1/crates/tide/owners"),
        ("GET", "/api/v1/me"),
    ],
)
def test_row_54_a_publish_token_manages_nothing(
    grant: PublisherCrate, ci: LocalIssuer, method: str, path: str
) -> None:
    token = publish_token(ci)
    body = {"github_config": {"crate": "tide"}, "crate": {"trustpub_only": False}}

    with nothing_happens():
        refusal(send(method, path.format(grant=grant.pk), token, body), 403)
    assert send("DELETE", TOKENS, token).status_code == 204
