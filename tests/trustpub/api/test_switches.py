"""What stops when an administrator switches something off, and what does not (reference, g.3)."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.admin.deeds import Verdict
from accounts.errors import InvalidInput
from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.accounts.deeds import do
from tests.ci import exchange, form, id_token, let_found, publish_token
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.models import Issuer, PublisherCrate, SpentIdToken, SwitchedOff
from trustpub.operations.switches import switch_off, switch_on

ADMIN = System("tests")
CONFIGS = "/api/v1/trusted_publishing/github_configs"
STOPPING = ["trusted_publishing", "provider:github"]


def off(name: str, *, spares_tokens: bool = False) -> None:
    switch_off(actor=ADMIN, name=name, reason="incident 7", spares_tokens=spares_tokens)


def test_what_is_switched_off_comes_before_whose_token_it_is(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    stranger = id_token(ci, iss="https://ci.stranger.example")

    off("trusted_publishing")
    assert refusal(exchange(stranger), 503)["code"] == "trusted_publishing_disabled"
    switch_on(actor=ADMIN, name="trusted_publishing")

    off("provider:github")
    assert refusal(exchange(stranger), 400)["code"] == "unsupported_issuer"


@pytest.mark.parametrize("name", STOPPING)
def test_exchanges_stop_and_go_on(grant: PublisherCrate, ci: LocalIssuer, name: str) -> None:
    jwt = id_token(ci)
    off(name)

    error = refusal(exchange(jwt), 503)

    assert error["code"] == "trusted_publishing_disabled"
    assert "incident" not in error["detail"]
    assert "/api/v1/trusted_publishing/audience" in error["detail"]
    assert not SpentIdToken.objects.exists()
    switch_on(actor=ADMIN, name=name)
    assert exchange(jwt).status_code == 200


@pytest.mark.parametrize("name", STOPPING)
def test_tokens_that_jobs_hold_stop_too(
    grant: PublisherCrate, ci: LocalIssuer, settings: Settings, name: str
) -> None:
    token = publish_token(ci)
    off(name)

    with nothing_happens():
        assert refusal(publish(token, "tide"), 403)["code"] == "invalid_publish_token"
    settings.AUTH_REQUIRED = True
    assert send("GET", "/index/config.json", token).status_code == 401


@pytest.mark.parametrize("name", STOPPING)
def test_they_may_be_spared(grant: PublisherCrate, ci: LocalIssuer, name: str) -> None:
    token = publish_token(ci)
    off(name, spares_tokens=True)

    refusal(exchange(id_token(ci)), 503)
    assert publish(token, "tide").status_code == 200


def test_a_first_publish_stops_as_well(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    let_found("fresh", alice, issuer)
    token = publish_token(ci)
    off("trusted_publishing")

    refusal(publish(token, "fresh"), 403)
    assert not Crate.objects.exists()


@pytest.mark.parametrize("name", ["provider:gitlab", "pending_publishers"])
def test_the_switch_of_something_else_stops_nothing(
    grant: PublisherCrate, ci: LocalIssuer, name: str
) -> None:
    off(name)

    assert publish(publish_token(ci), "tide").status_code == 200


@pytest.mark.parametrize("name", STOPPING)
def test_publishers_can_be_removed_but_not_added(
    grant: PublisherCrate, alice_token: str, ci: LocalIssuer, name: str
) -> None:
    off(name)
    config = {"crate": "tide", "issuer": ci.url, **form(workflow_filename="other.yml")}

    error = refusal(send("POST", CONFIGS, alice_token, {"github_config": config}), 503)

    assert error["code"] == "trusted_publishing_disabled"
    assert send("DELETE", f"{CONFIGS}/{grant.pk}", alice_token).status_code == 204


def test_none_is_added_where_the_operator_has_switched_it_off(
    grant: PublisherCrate, alice_token: str, ci: LocalIssuer, settings: Settings
) -> None:
    settings.TRUSTED_PUBLISHING = False
    config = {"crate": "tide", "issuer": ci.url, **form(workflow_filename="other.yml")}

    error = refusal(send("POST", CONFIGS, alice_token, {"github_config": config}), 503)

    assert error["code"] == "trusted_publishing_disabled"


def test_no_pending_publisher_is_taken_and_those_there_are_work(
    alice: User, alice_token: str, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)
    off("pending_publishers")
    config = {"crate": "fresher", "issuer": ci.url, "pending": True, **form()}

    error = refusal(send("POST", CONFIGS, alice_token, {"github_config": config}), 503)

    assert error["code"] == "pending_publishers_disabled"
    assert publish(publish_token(ci), "fresh").status_code == 200


def test_only_what_there_is_can_be_switched_off(db: None) -> None:
    with pytest.raises(InvalidInput, match="choose from trusted_publishing, pending_publishers"):
        off("everything")


# --- The administrator's pages ---


@pytest.fixture
def admin(alice: User) -> Client:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = Client()
    client.force_login(alice)
    return client


def test_an_administrator_switches_off_and_on(admin: Client) -> None:
    form = {"name": "provider:github", "reason": "incident 7"}
    [off] = do(admin, SwitchedOff, "off", **form)
    assert off.verdict is Verdict.DONE
    [on] = do(admin, SwitchedOff, "on", [SwitchedOff.objects.get()], reason="it is over")
    assert on.verdict is Verdict.DONE

    events = AuditEvent.objects.filter(name__startswith="switch.").order_by("pk")
    assert [(e.name, e.actor_label, e.subject) for e in events] == [
        ("switch.off", "alice", "provider:github"),
        ("switch.on", "alice", "provider:github"),
    ]
    assert [e.after["reason"] for e in events] == ["incident 7", "it is over"]
    assert not SwitchedOff.objects.exists()


def test_several_are_switched_on_at_once(admin: Client) -> None:
    for name in STOPPING:
        off(name)

    report = do(admin, SwitchedOff, "on", list(SwitchedOff.objects.all()))

    assert {row.verdict for row in report} == {Verdict.DONE}
    assert not SwitchedOff.objects.exists()


def test_an_administrator_stops_one_issuer(
    admin: Client, grant: PublisherCrate, ci: LocalIssuer
) -> None:
    issuer = grant.publisher.issuer
    token = publish_token(ci)

    do(admin, Issuer, "state", [issuer], state="disabled", reason="keys leaked")

    assert refusal(exchange(id_token(ci)), 403)["code"] == "issuer_disabled"
    refusal(publish(token, "tide"), 403)
    event = AuditEvent.objects.get(name="issuer.disabled")
    assert (event.before, event.after) == (
        {"state": "enabled"},
        {"state": "disabled", "reason": "keys leaked"},
    )


def test_others_have_no_such_pages(client: Client, bob: User) -> None:
    client.force_login(bob)

    assert client.get("/admin/trustpub/switchedoff/").status_code == 302
