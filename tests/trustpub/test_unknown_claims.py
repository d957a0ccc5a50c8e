"""Claims that no provider knows: their names reach administrators, and nothing else does."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.operations.people import create_user, make_administrator
from demo.issuer import LocalIssuer
from registry.actors import System
from tests.ci import exchange, id_token
from tests.clock import clock_at
from tests.factories.id_tokens import stranger_key, token_text
from tests.trustpub.api.conftest import _running_ci, ci, grant, issuer, tide
from tests.wire import send
from trustpub.jwt import VerifiedClaims
from trustpub.models import Issuer, PublisherCrate, UnknownClaim
from trustpub.operations.unknown_claims import (
    MOST_PER_ISSUER,
    add_unknown_claims,
    note_unknown_claims,
)
from trustpub.tasks import clean_up, fold_notes

__all__ = ["_running_ci", "ci", "grant", "issuer", "tide"]


@pytest.fixture
def ada(client: Client, db: None) -> Client:
    user = create_user(actor=System("tests"), login="ada")
    make_administrator(actor=System("tests"), user=user, password="long enough")
    client.force_login(user)
    return client


def names() -> list[str]:
    return sorted(UnknownClaim.objects.values_list("name", flat=True))


def test_the_administrators_page_names_them_and_shows_no_value(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    answer = exchange(id_token(ci, **{"moon phase<b>": "mira@example.org", "actor_shoe": {"a": 1}}))
    assert answer.status_code == 200
    fold_notes()

    page = ada.get(f"/admin/trustpub/issuer/{issuer.pk}/change/").content.decode()

    assert names() == ["actor_shoe", "moon phase<b>"]
    assert "<code>moon phase&lt;b&gt;</code>" in page
    assert "mira@example.org" not in page
    assert '<td class="field-unknown">2</td>' in ada.get("/admin/trustpub/issuer/").content.decode()
    assert (
        b'waybill_trustpub_unknown_claims{provider="github"} 2.0' in send("GET", "/metrics").content
    )


def test_a_job_without_a_publisher_shows_them_too(issuer: Issuer, ci: LocalIssuer) -> None:
    assert exchange(id_token(ci, unmatched_moon="x")).status_code == 403
    assert exchange(id_token(ci, unread_moon="x", repository_id=None)).status_code == 400
    fold_notes()

    assert names() == ["unmatched_moon", "unread_moon"]


def test_tokens_that_nobody_signed_for_this_registry_show_none(
    issuer: Issuer, ci: LocalIssuer
) -> None:
    claims = ci.github_claims("elsewhere", foreign_moon="x")
    assert exchange(token_text(claims, key=ci.key)).status_code == 400
    header = {"alg": "RS256", "kid": ci.key.kid}
    forged = token_text({**claims, "forged_moon": "x"}, key=stranger_key(), header=header)
    assert exchange(forged).status_code == 400
    fold_notes()

    assert names() == []


def test_a_name_is_noted_once_a_day_and_without_a_query(
    issuer: Issuer, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claims, now = VerifiedClaims({"iss": issuer.url, "daily_moon": "x"}), timezone.now()
    folder = Path(settings.NOTES_DIR)

    with django_assert_num_queries(0):
        for hours in (0, 0, 24):
            with clock_at(now + timedelta(hours=hours)):
                note_unknown_claims(issuer, claims)

    [file] = folder.iterdir()
    assert file.read_text() == f"unknown_claim {issuer.pk} daily_moon 0\n" * 2


def test_whoever_invents_many_fills_neither_the_notes_nor_the_table(
    issuer: Issuer, settings: Settings
) -> None:
    invented = {f"moon_{number:03}": "x" for number in range(3 * MOST_PER_ISSUER)}
    with clock_at(timezone.now() + timedelta(days=5)):
        note_unknown_claims(issuer, VerifiedClaims({**invented, "m" * 5000: "x"}))

    [file] = Path(settings.NOTES_DIR).iterdir()
    assert len(file.read_text().splitlines()) == MOST_PER_ISSUER
    add_unknown_claims([(issuer.pk, name) for name in invented])
    with clock_at(timezone.now() + timedelta(days=1)):
        add_unknown_claims([(issuer.pk, "newest"), (issuer.pk + 1, "of an issuer that is gone")])
    assert len(names()) == MOST_PER_ISSUER
    assert "newest" in names()


def test_one_that_no_token_has_any_more_is_forgotten(issuer: Issuer) -> None:
    add_unknown_claims([(issuer.pk, "old_moon")])
    with clock_at(timezone.now() + timedelta(days=20)):
        add_unknown_claims([(issuer.pk, "new_moon")])

    with clock_at(timezone.now() + timedelta(days=31)):
        clean_up()

    assert names() == ["new_moon"]


def test_what_an_issuer_announces_is_shown_and_decides_nothing(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    ci.announced = {
        "claims_supported": ["repository", "tidal_moon<i>", 7, *(f"c{n}" for n in range(200))],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    assert exchange(id_token(ci)).status_code == 200

    page = ada.get(f"/admin/trustpub/issuer/{issuer.pk}/change/").content.decode()

    assert "announces that it signs with ES256" in page
    assert "not announced: RS256" in page
    assert "c0, c1, c10," in page
    # Alone it may be part of the id of a key.
    assert ", c99" not in page
    assert "tidal_moon&lt;i&gt;" in page
    assert names() == []


def test_an_issuer_may_announce_nothing(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    ci.announced = {"claims_supported": "all", "id_token_signing_alg_values_supported": None}
    assert exchange(id_token(ci)).status_code == 200

    page = ada.get(f"/admin/trustpub/issuer/{issuer.pk}/change/").content.decode()

    assert "signs with nothing in particular" in page
    assert "not announced" not in page
