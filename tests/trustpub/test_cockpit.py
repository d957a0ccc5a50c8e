"""What administrators see of issuers."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.admin.deeds import Verdict
from accounts.models import User
from accounts.operations.moderators import make_moderator
from accounts.operations.people import create_user, make_administrator
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.accounts.deeds import confirm, preview
from tests.ci import exchange, id_token, let_found, publish_token
from tests.clock import clock_at
from tests.trustpub.api.conftest import _running_ci, ci, grant, issuer, tide
from trustpub import keys
from trustpub.models import ExchangeRefusal, Issuer, KeySetRow, PublisherCrate, SwitchedOff
from trustpub.operations.strangers import strangers
from trustpub.operations.switches import switch_off
from trustpub.queries.cockpit import effect_of, keys_of, refusals_by_code, switches
from trustpub.tasks import fold_notes

__all__ = ["_running_ci", "ci", "grant", "issuer", "tide"]


@pytest.fixture
def ada(client: Client, db: None) -> Client:
    user = create_user(actor=System("tests"), login="ada")
    make_administrator(actor=System("tests"), user=user, password="long enough")
    client.force_login(user)
    return client


def test_keys_have_a_first_and_a_last_day(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    exchange(id_token(ci))
    [old] = keys_of(issuer)
    assert old.is_current
    assert old.first_seen is not None
    row = KeySetRow.objects.get()
    assert old.last_seen == row.fetched_at

    keys._replace(row, [{"kid": "new-one", "kty": "EC", "crv": "P-256"}])

    new, gone = keys_of(issuer)
    assert (new.kid, new.kind, new.is_current) == ("new-one", "EC P-256", True)
    assert (gone.kid, gone.is_current) == (old.kid, False)
    assert gone.last_seen is not None
    assert gone.first_seen == old.first_seen
    page = ada.get(f"/admin/trustpub/issuer/{issuer.pk}/change/").content.decode()
    assert "new-one" in page
    assert old.kid in page


def test_issuers_that_nobody_trusts_are_listed(
    ada: Client, ci: LocalIssuer, issuer: Issuer
) -> None:
    for sent in ("https://forge.acme.example", "https://forge.acme.example", "x<script>\u202e a"):
        exchange(id_token(ci, iss=sent))

    fold_notes()

    assert next((found.issuer, found.attempts) for found in strangers()) == (
        "https://forge.acme.example",
        2,
    )
    page = ada.get("/admin/trustpub/issuer/").content.decode()
    assert "https://forge.acme.example" in page
    assert "x&lt;script&gt;" in page
    with clock_at(timezone.now() + timedelta(days=31)):
        assert strangers() == []


def test_refusals_are_drawn_by_day_and_code(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    assert refusals_by_code(issuer) is None
    for environment in ("x", "x", "y"):
        exchange(id_token(ci, environment=environment))
    exchange(id_token(ci, aud="elsewhere"))
    old = ExchangeRefusal.objects.filter(code="invalid_audience")
    old.update(at=timezone.now() - timedelta(days=31))

    bars = refusals_by_code(issuer)

    assert bars is not None
    assert [(area.name, area.total) for area in bars.areas] == [("publisher_mismatch", 3)]
    assert len(bars.rows) == 30
    assert bars.rows[-1][1] == [3]
    for path in ("/admin/trustpub/issuer/", f"/admin/trustpub/issuer/{issuer.pk}/change/"):
        page = ada.get(path).content.decode()
        assert "Refused exchanges in 30 days, by code as a table" in page
        assert '<path class="chart__area series-1"' in page


def test_a_switch_tells_what_it_would_stop(
    ada: Client, grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    publish_token(ci)
    let_found("fresh", alice, issuer)
    Crate.objects.update(trustpub_only=True)

    effect = effect_of(Issuer.objects.filter(pk=issuer.pk))

    assert (effect.publishers, effect.crates, effect.stranded) == (1, 1, 1)
    assert (effect.pending, effect.live_tokens) == (1, 1)
    by_name = {switch.name: switch for switch in switches()}
    assert by_name["trusted_publishing"].effect == effect == by_name["provider:github"].effect
    assert by_name["pending_publishers"].effect.publishers == 0
    page = " ".join(ada.get("/admin/trustpub/issuer/").content.decode().split())
    assert "1 publisher of 1 crate (1 of them only CI may publish), 1 pending, 1 live token" in page
    assert "/admin/trustpub/switchedoff/deeds/off/?name=provider%3Agithub" in page

    row = switch_off(actor=System("tests"), name="provider:github", reason="keys stolen")

    page = ada.get("/admin/trustpub/issuer/").content.decode()
    assert "keys stolen" in page
    assert f"/admin/trustpub/switchedoff/deeds/on/?row={row.pk}" in page
    # What the link leads to is chosen already.
    form = ada.get(
        "/admin/trustpub/switchedoff/deeds/off/?name=trusted_publishing"
    ).content.decode()
    assert '<option value="trusted_publishing" selected>' in form


def test_the_cockpit_is_for_administrators(client: Client, charlie: User, issuer: Issuer) -> None:
    make_moderator(actor=System("tests"), user=charlie)
    client.force_login(charlie)

    for path in ("/admin/trustpub/issuer/", f"/admin/trustpub/issuer/{issuer.pk}/change/"):
        assert client.get(path).status_code == 403


def test_a_preview_of_a_switch_holds_while_jobs_go_on(
    ada: Client, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    name = "provider:github"
    plan = preview(ada, SwitchedOff, "off", name=name).context["plan"]
    assert "1 active publishers of 1 crates grant nothing meanwhile" in plan[0].effects
    publish_token(ci)

    report = confirm(ada, SwitchedOff, "off", plan, name=name).context["report"]

    assert [row.verdict for row in report] == [Verdict.DONE]
    assert SwitchedOff.objects.get().name == name
