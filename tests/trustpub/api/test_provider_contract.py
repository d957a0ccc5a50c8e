"""Every provider through the real exchange: signed tokens of its own shape, pins, provenance."""

import time
import uuid
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate, Provenance
from tests.ci import exchange, let_publish
from tests.factories.id_tokens import claims_of, contract_of, variants_of
from tests.wire import publish, refusal
from trustpub.models import ExchangeRefusal, Issuer, Publisher, PublishToken, SpentIdToken
from trustpub.operations.issuers import trust_issuer
from trustpub.providers import PROVIDERS
from trustpub.providers.claim import Role

pytestmark = pytest.mark.once

EACH = pytest.mark.parametrize("kind", PROVIDERS)
REFUSED = {"missing_claim", "unexpected_claim"}


def web_url(kind: str) -> str:
    # GitHub itself would be asked for the numbers of its repositories.
    return "https://forge.example" if kind == "github" else str(contract_of(kind)["web_url"])


@pytest.fixture
def row(kind: str, ci: LocalIssuer, db: None) -> Issuer:
    """The issuer as an operator adds it, at the place of the local one."""
    contract = contract_of(kind)
    return trust_issuer(
        actor=System("tests"),
        provider=kind,
        url=ci.url + contract.get("row_path", contract["path"]),
        web_url=web_url(kind),
        options=contract["options"],
        api_url="",
    )


def let(crate: Crate, alice: User, row: Issuer, *, pinned: bool = True) -> Publisher:
    fields = dict(contract_of(row.provider)["fields"])
    for rule in row.adapter.fields:
        if rule.is_pin and not pinned:
            fields.pop(rule.name, None)
    return let_publish(crate, alice, row, fields).publisher


def token(ci: LocalIssuer, kind: str, variant: str | None = None, **changes: object) -> str:
    """The example's claims, issued now by the local issuer for this registry."""
    example, now = claims_of(kind, variant), int(time.time())
    issuer = ci.url + contract_of(kind)["path"]
    [*_, audience] = (
        PROVIDERS[kind]
        .configured(contract_of(kind)["options"])
        .audiences(settings.AUDIENCES, issuer)
    )
    fresh: dict[str, object] = {
        "iss": issuer,
        "aud": [audience] if isinstance(example["aud"], list) else audience,
        "iat": now,
        "exp": now + int(str(example["exp"])) - int(str(example["iat"])),
        **({"nbf": now} if "nbf" in example else {}),
        **({"jti": str(uuid.uuid4())} if "jti" in example else {}),
        **({"uti": str(uuid.uuid4())} if "uti" in example else {}),
    }
    claims = {**example, **fresh, **changes}
    return ci.sign({name: value for name, value in claims.items() if value is not None})


@EACH
def test_a_job_publishes_and_its_provenance_is_what_was_signed(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)

    answer = exchange(token(ci, kind))
    assert answer.status_code == 200, answer.content
    assert publish(answer.json()["token"], "tide").status_code == 200

    kept, workload = Provenance.objects.get(), PublishToken.objects.get().typed_workload()
    ids = row.adapter.ids_of(row.adapter.normalise(contract_of(kind)["fields"]))
    assert (kept.provider, kept.issuer_url) == (kind, row.url)
    assert (kept.repository_id, kept.owner_id) == (ids.repository_id, ids.owner_id)
    assert kept.repository == workload.source or kept.repository == workload.repository
    assert all(
        link.startswith(f"{row.web_url}/") or link == f"https://{workload.source}"
        for link in kept.links.values()
    )
    assert (kept.trustpub_data is None) == (kind not in ("github", "gitlab"))
    assert "mira" not in str(kept.workload)
    page = Client().get(reverse("version", args=["tide", "0.1.0"])).content.decode()
    assert "Where this version came from" in page
    assert ("not named" in page) == (not all((kept.sha, kept.workflow, kept.event, kept.run_id)))


@EACH
def test_ids_are_pinned_at_first_sight_and_a_newcomer_is_refused(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    publisher = let(tide, alice, row, pinned=False)

    assert exchange(token(ci, kind)).status_code == 200

    publisher.refresh_from_db()
    workload = PublishToken.objects.get().typed_workload()
    assert publisher.repository_id == workload.repository_id
    assert publisher.repository_owner_id == workload.owner_id
    assert publisher.pin_before is None
    for variant in contract_of(kind)["changed"]:
        error = refusal(exchange(token(ci, kind, variant)), 403)
        assert error["code"] == "identity_changed", variant


@EACH
def test_a_token_is_good_for_one_exchange(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    jwt = token(ci, kind)

    assert exchange(jwt).status_code == 200

    assert refusal(exchange(jwt), 409)["code"] == "token_reused"
    assert SpentIdToken.objects.count() == 1


@EACH
def test_claims_that_are_missing_or_of_another_type_are_named(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    values: tuple[Any, ...] = (None, ["x"], {"x": "y"}, 1.5)

    for claim in row.adapter.claims:
        for value in values if claim.required else values[1:]:
            error = refusal(exchange(token(ci, kind, **{claim.name: value})), 400)
            assert error["code"] in REFUSED, (claim.name, value)
            assert (error["code"] == "missing_claim") == (value is None)
            assert claim.name in error["detail"]
    assert not PublishToken.objects.exists()
    assert {refused.code for refused in ExchangeRefusal.objects.all()} <= REFUSED


@EACH
def test_claims_with_other_values_get_nothing(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    anyway = contract_of(kind).get("grants_anyway", ())

    for claim, value in contract_of(kind)["altered"].items():
        if claim not in anyway:
            answer = exchange(token(ci, kind, **{claim: value}))
            assert answer.status_code in (400, 403), claim
    assert not PublishToken.objects.exists()
    assert not SpentIdToken.objects.exists()


@EACH
def test_a_refusal_tells_its_owner_what_was_expected(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    matched = {claim.name for claim in row.adapter.claims if claim.role is Role.MATCHED}

    codes = set()
    for claim, value in contract_of(kind)["altered"].items():
        if claim in matched:
            answer = exchange(token(ci, kind, **{claim: value})).json()
            codes.add(answer["errors"][0]["code"])

    assert codes <= {"publisher_mismatch", "unexpected_claim"}
    for refused in ExchangeRefusal.objects.filter(code="publisher_mismatch"):
        assert refused.differences[0]["differences"], refused.detail
        assert "claim." not in str(refused.differences)


@EACH
def test_every_variant_gets_an_answer_and_never_an_error(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)

    for variant in variants_of(kind):
        assert exchange(token(ci, kind, variant)).status_code in (200, 400, 403), variant


@EACH
def test_the_audience_of_another_service_is_refused(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)

    for audience in ("other.example", ["127.0.0.1:8000", "other.example"], []):
        error = refusal(exchange(token(ci, kind, aud=audience)), 400)
        assert error["code"] == "invalid_audience"


@pytest.mark.usefixtures("standing_clock")
@EACH
def test_a_job_with_an_old_token_is_kept_for_its_owners_and_a_forged_one_is_not(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate, settings: LazySettings
) -> None:
    settings.FAILED_EXCHANGES_PER_REPOSITORY = 1
    let(tide, alice, row)
    then = int(time.time()) - 4000
    old = token(ci, kind, iat=then, exp=then + 300, nbf=None)
    forged = f"{token(ci, kind).rpartition('.')[0]}.{'A' * 342}"

    assert refusal(exchange(old), 400)["code"] == "token_expired"
    refusal(exchange(old), 400)
    assert refusal(exchange(forged), 400)["code"] == "invalid_signature"

    kept = ExchangeRefusal.objects.get()
    identity = row.adapter.ids_of(row.adapter.normalise(contract_of(kind)["fields"]))
    assert (kept.code, kept.count) == ("token_expired", 2)
    assert kept.repository_id == identity.repository_id
    # What lies about in logs does not use up what the repository's own jobs may get wrong.
    assert exchange(token(ci, kind)).status_code == 200


@EACH
def test_another_installation_with_the_same_numbers_is_a_stranger(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    with LocalIssuer(key=ci.key) as other:
        contract = contract_of(kind)
        trust_issuer(
            actor=System("tests"),
            provider=kind,
            url=other.url + contract.get("row_path", contract["path"]),
            web_url=web_url(kind),
            options=contract["options"],
            api_url="",
        )
        error = refusal(exchange(token(other, kind)), 403)

    assert error["code"] == "no_publisher"


@pytest.mark.parametrize("kind", ["azure", "semaphore"])
def test_a_fixed_audience_must_be_accepted_by_an_operator(
    ci: LocalIssuer, kind: str, row: Issuer, alice: User, tide: Crate
) -> None:
    let(tide, alice, row)
    jwt = token(ci, kind)
    Issuer.objects.filter(pk=row.pk).update(options={})

    assert refusal(exchange(jwt), 400)["code"] == "invalid_audience"
