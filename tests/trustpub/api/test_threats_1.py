"""Rows 1 to 19 of the threat table (reference, h): forged tokens and stolen identity."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, User
from demo.issuer import DISCOVERY_PATH, LocalIssuer
from registry.models import Crate
from tests.ci import exchange, form, id_token, let_publish, trusted, unpinned
from tests.clock import clock_at
from tests.factories.id_tokens import attacks, stranger_key
from tests.factories.trustpub import make_workload
from tests.trustpub.api.test_identity import MOVED, RECREATED, RENAMED, TAKEN_OVER
from tests.trustpub.api.test_keys import age
from tests.wire import refusal
from trustpub import keys
from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import read_unverified
from trustpub.matching import PublisherView, match
from trustpub.models import Issuer, Publisher, PublisherCrate, PublishToken, SpentIdToken


def nothing_granted() -> bool:
    return not PublishToken.objects.exists() and not SpentIdToken.objects.exists()


def test_row_01_a_forged_token(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    for name, token in attacks(ci.github_claims(settings.AUDIENCES[0]), ci.key).items():
        answer = exchange(token)
        assert answer.status_code == 400, name
    assert nothing_granted()


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_row_02_a_key_named_by_the_token(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings, name: str
) -> None:
    forged = attacks(ci.github_claims(settings.AUDIENCES[0]), ci.key)[f"{name} in header"]

    refusal(exchange(forged), 400)
    assert nothing_granted()
    assert set(ci.requests) <= {DISCOVERY_PATH, "/.well-known/jwks"}


def test_row_03_a_flood_of_unknown_keys(grant: PublisherCrate, ci: LocalIssuer) -> None:
    issuer = Issuer.objects.get(url=ci.url)
    claims = ci.github_claims("127.0.0.1:8000")

    # Within the cooldown, however slow this machine is.
    with clock_at(timezone.now()):
        for number in range(1000):
            with pytest.raises(Exception, match="not in the issuer's current key set"):
                keys.key_for(issuer, ci.url, f"key-{number}")
        answer = exchange(ci.sign(claims, headers={"kid": "x"}))

    assert refusal(answer, 400)["code"] == "unknown_key"
    assert ci.requests[DISCOVERY_PATH] == 1


def test_row_04_a_withdrawn_key(
    grant: PublisherCrate, ci: LocalIssuer, keys_by_the_clock: Callable[[], None]
) -> None:
    stolen = ci.key
    assert exchange(id_token(ci)).status_code == 200
    ci.rotate()
    age(timedelta(minutes=16))

    keys_by_the_clock()

    forged = ci.sign(ci.github_claims("127.0.0.1:8000"), key=stolen)
    assert refusal(exchange(forged), 400)["code"] == "unknown_key"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x",
        "http://localhost/x",
        "http://169.254.169.254/x",
        "file:///etc/passwd",
    ],
)
def test_row_05_discovery_that_leads_inside(
    grant: PublisherCrate, ci: LocalIssuer, address: str
) -> None:
    ci.announced_jwks_uri = address

    assert refusal(exchange(id_token(ci)), 503)["code"] == "jwks_unavailable"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: f"{url}/",
        lambda url: url.upper(),
        lambda url: url[:-1],
        lambda url: f"{url}.evil.example",
        lambda url: url.replace("http://", "http://x@"),
        lambda url: url.replace("http://", "https://"),
    ],
)
def test_row_06_an_issuer_that_looks_alike(
    grant: PublisherCrate, ci: LocalIssuer, spoil: Callable[[str], str]
) -> None:
    error = refusal(exchange(id_token(ci, iss=spoil(ci.url))), 400)

    assert error["code"] == "unsupported_issuer"


def test_row_07_equal_numbers_of_two_installations(grant: PublisherCrate, ci: LocalIssuer) -> None:
    with LocalIssuer(key=stranger_key()) as other:
        trusted(other)

        assert refusal(exchange(id_token(other)), 403)["code"] == "no_publisher"


@pytest.mark.parametrize(
    "audience",
    [
        "reg.example",
        ["127.0.0.1:8000", "reg.example"],
        ["127.0.0.1:8000", "127.0.0.1:8000"],
        "127.0.0.1:8000/",
        "HTTP://127.0.0.1:8000",
        [],
        7,
        "",
    ],
)
def test_row_08_a_token_of_another_service(
    grant: PublisherCrate, ci: LocalIssuer, audience: object
) -> None:
    assert refusal(exchange(id_token(ci, aud=audience)), 400)["code"] == "invalid_audience"
    assert nothing_granted()


@pytest.mark.parametrize(
    "url", ["https://ferris-labs.semaphoreci.com", "https://vstoken.dev.azure.com/6f0c"]
)
def test_row_09_an_audience_that_nobody_chose(
    grant: PublisherCrate, ci: LocalIssuer, url: str
) -> None:
    fixed = id_token(ci, iss=url, aud="api://AzureADTokenExchange")

    assert exchange(fixed).status_code in (400, 403)
    assert not Issuer.objects.enabled().filter(url=url).exists()


def test_row_11_a_replay_inside_of_the_leeway(grant: PublisherCrate, ci: LocalIssuer) -> None:
    from trustpub.tasks import clean_up

    now = timezone.now()
    ends = int(now.timestamp()) + 300
    jwt = id_token(ci, exp=ends)
    assert exchange(jwt).status_code == 200

    last = timezone.datetime.fromtimestamp(ends + 59, tz=now.tzinfo)
    with clock_at(last):
        clean_up()
        assert refusal(exchange(jwt), 409)["code"] == "token_reused"
    with clock_at(last + timedelta(seconds=1)):
        assert refusal(exchange(jwt), 400)["code"] == "token_expired"


def test_row_12_a_second_valid_signature() -> None:
    import jwt as pyjwt

    key = ec.generate_private_key(ec.SECP256R1())
    text = pyjwt.encode({"iss": "https://x"}, key, algorithm="ES256", headers={"kid": "e"})
    head, _, signature = text.rpartition(".")
    raw = pyjwt.utils.base64url_decode(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    assert decode_dss_signature(encode_dss_signature(r, s)) == (r, s)
    other = pyjwt.utils.base64url_encode(r.to_bytes(32) + (order - s).to_bytes(32)).decode()

    digests = {read_unverified(f"{head}.{end}").replay_digest for end in (signature, other)}

    assert len(digests) == 1


def _refused_for_good(ci: LocalIssuer, claims: dict[str, Any], callbacks: Any) -> None:
    with callbacks(execute=True):
        assert refusal(exchange(id_token(ci, **claims)), 403)["code"] == "identity_changed"
    assert Publisher.objects.get().state == Publisher.State.SUSPENDED
    assert mail.outbox


def test_row_13_an_owners_name_taken_over(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    _refused_for_good(ci, TAKEN_OVER, django_capture_on_commit_callbacks)


def test_row_14_a_repository_made_anew(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    _refused_for_good(ci, RECREATED, django_capture_on_commit_callbacks)


def test_row_15_a_group_on_gitlab_taken_over(alice: User, tide: Crate, ci: LocalIssuer) -> None:
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

    for claims in ({"project_id": "9", "namespace_id": "1"}, {"namespace_id": "1"}):
        claims["job_project_id"] = claims.get("project_id", "20488")
        token = ci.gitlab_token("127.0.0.1:8000", **claims)
        assert refusal(exchange(token), 403)["code"] == "identity_changed"


def test_row_16_a_service_account_made_anew() -> None:
    address = "releaser@ferris-labs.iam.gserviceaccount.com"
    publisher = PublisherView(
        key="publisher",
        repository=address,
        repository_id="104562388812340011223",
        owner_id=None,
        conditions=(Condition("repository", ConditionKind.EXACT_CI, address),),
    )
    anew = make_workload(provider="google", repository=address, repository_id="7", owner_id="")

    assert match(anew, [publisher]).refusal_code is ExchangeCode.IDENTITY_CHANGED


def test_row_17_a_repository_that_was_sold(
    grant: PublisherCrate,
    alice_token: str,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    from tests.wire import send

    with django_capture_on_commit_callbacks(execute=True):
        assert refusal(exchange(id_token(ci, **MOVED)), 403)["code"] == "identity_changed"
    assert Publisher.objects.get().state == Publisher.State.AWAITING

    path = f"/api/v1/trusted_publishing/github_configs/{grant.pk}/confirm"
    assert send("POST", path, alice_token).status_code == 200
    assert exchange(id_token(ci, **MOVED)).status_code == 200


def test_row_18_a_rename_breaks_no_release(
    grant: PublisherCrate, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert exchange(id_token(ci, **RENAMED)).status_code == 200

    assert AuditEvent.objects.filter(name="publisher.renamed").exists()
    assert any("renamed" in letter.subject for letter in mail.outbox)
    assert json.dumps(Publisher.objects.get().fields).count("lagoon") == 1


def test_row_19_a_name_that_a_squatter_took_before_the_first_job(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    """The race itself is in tests/races; here the deadline of what nobody pinned."""
    let_publish(tide, alice, issuer, unpinned())
    deadline = Publisher.objects.get().pin_before
    assert deadline
    assert deadline - timezone.now() <= timedelta(days=7)

    with clock_at(deadline):
        squatter = id_token(ci, iat=int(deadline.timestamp()), nbf=None,
                            exp=int(deadline.timestamp()) + 300, **TAKEN_OVER)  # fmt: skip
        assert exchange(squatter).status_code in (400, 403, 503)
    assert not Publisher.objects.get().is_pinned
    let_publish(tide, alice, issuer, form(workflow_filename="other.yml"))
