"""Issuers of one organisation, and teams of it that are to own a crate (a.5, b.2, c.2, row 51)."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.errors import InvalidInput
from accounts.models import AuditEvent, User
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate, Ownership, Team
from tests.ci import exchange, form, id_token, let_publish, publish_token
from tests.factories.registry import make_crate
from tests.registry.conftest import github  # noqa: F401
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.errors import UnknownIssuer
from trustpub.models import Issuer, PendingPublisher, PublisherCrate
from trustpub.operations.issuers import Organization, organization_named, trust_issuer
from trustpub.operations.switches import check_takes_pending, switch_off, switch_on

BASE = "/api/v1/trusted_publishing"
CORE = "github:rustaceans:core"
ORGANIZATION = Organization(42, "rustaceans")
pytestmark = pytest.mark.usefixtures("github")


@pytest.fixture
def own(db: None, ci: LocalIssuer) -> Issuer:
    """The organisation's own forge."""
    return trust_issuer(
        actor=System("tests"),
        provider="github",
        url=ci.url,
        web_url="https://forge.example",
        api_url="",
        organization=ORGANIZATION,
    )


@pytest.fixture
def core(tide: Crate) -> Ownership:
    team = Team.objects.create(login=CORE, github_id=7, organization_id=42, name="Core Team")
    return Ownership.objects.create(crate=tide, team=team)


def config(token: str, own: Issuer, **fields: object) -> Any:
    names = {name: value for name, value in form().items() if not name.endswith("_id")}
    body = {"crate": "tide", "issuer": own.url, **names, **fields}
    return send("POST", f"{BASE}/github_configs", token, {"github_config": body})


def found(token: str, own: Issuer, **fields: object) -> Any:
    return config(token, own, **{"crate": "fresh", "pending": True, "team": CORE, **fields})


# --- Issuers ---


def test_its_jobs_publish_what_a_team_of_it_owns(
    core: Ownership, own: Issuer, alice: User, tide: Crate, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, own)

    token = publish_token(ci)

    assert publish(token, "tide").status_code == 200


def test_its_jobs_publish_nothing_else(
    own: Issuer, alice: User, alice_token: str, tide: Crate
) -> None:
    unknown = refusal(config(alice_token, own, issuer="https://nowhere.example"), 400)

    with pytest.raises(UnknownIssuer):
        let_publish(tide, alice, own)
    theirs = refusal(config(alice_token, own), 400)

    # Nobody learns which organisations have a forge.
    assert theirs["detail"] == unknown["detail"]
    entry = {"crate": "tide", "issuer": own.url, "fields": form()}
    declared = {"crates": ["tide"], "publishers": [entry]}
    refusal(send("PUT", f"{BASE}/publishers?dry_run=true", alice_token, declared), 400)
    assert not PublisherCrate.objects.exists()


def test_a_crate_that_leaves_the_organization_leaves_its_forge(
    core: Ownership, own: Issuer, alice: User, tide: Crate, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, own)
    token = publish_token(ci)

    core.delete()

    with nothing_happens():
        refusal(publish(token, "tide"), 403)
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"


def test_another_team_of_the_same_organization_will_do(
    core: Ownership, own: Issuer, alice: User, tide: Crate, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, own)
    other = Team.objects.create(login="github:rustaceans:infra", github_id=8, organization_id=42)
    stranger = Team.objects.create(login="github:other:core", github_id=9, organization_id=43)

    Ownership.objects.filter(pk=core.pk).update(team=stranger)
    refusal(exchange(id_token(ci)), 403)
    Ownership.objects.filter(pk=core.pk).update(team=other)

    assert exchange(id_token(ci)).status_code == 200


def test_others_are_not_told_of_it(
    core: Ownership, own: Issuer, alice_token: str, charlie_token: str
) -> None:
    audience = send("GET", f"{BASE}/audience").json()
    charlies = send("GET", f"{BASE}/providers", charlie_token).json()["providers"]
    alices = send("GET", f"{BASE}/providers", alice_token).json()["providers"]

    assert own.url not in audience["issuers"]
    assert own.url not in [entry["issuer"] for entry in charlies]
    assert own.url in [entry["issuer"] for entry in alices]
    Issuer.objects.exclude(pk=own.pk).filter(provider="github").delete()
    entry = {"crate": "tide", "provider": "github", "fields": form()}
    refusal(send("POST", f"{BASE}/publishers", alice_token, {"publisher": entry}), 400)


@pytest.mark.parametrize(
    "url",
    [
        "https://token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com/acme",
        "https://gitlab.com",
        "https://oidc.circleci.com/org/1d6f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10",
    ],
)
def test_row_51_an_organization_takes_no_issuer_that_others_rely_on(db: None, url: str) -> None:
    with pytest.raises(InvalidInput):
        trust_issuer(actor=System("tests"), provider="github", url=url, organization=ORGANIZATION)


def test_an_issuer_stays_whose_it_is(own: Issuer, db: None) -> None:
    with pytest.raises(InvalidInput, match="cannot change whose it is"):
        trust_issuer(
            actor=System("tests"), provider="github", url=own.url, organization=Organization(1, "x")
        )
    # Without one it is left as it is, as when an operator switches it off.
    trust_issuer(actor=System("tests"), provider="github", url=own.url, state="disabled")
    own.refresh_from_db()
    assert (own.organization_id, own.state) == (42, "disabled")


def test_the_operator_names_it_at_the_shell(github: FakeGitHub) -> None:  # noqa: F811
    call_command("trust_issuer", "jenkins", "https://ci.example/oidc", organization="Rustaceans")
    with pytest.raises(CommandError, match="no organization `alice`"):
        call_command("trust_issuer", "jenkins", "https://b.example/oidc", organization="alice")

    issuer = Issuer.objects.get(url="https://ci.example/oidc")
    assert (issuer.organization_id, issuer.organization) == (42, "rustaceans")
    assert AuditEvent.objects.get(subject=issuer.url).after["organization"] == "rustaceans"
    assert organization_named("elsewhere", 7) == Organization(7, "elsewhere")


# --- Teams that are to own a crate ---


def test_first_publishes_of_one_organization_can_be_switched_off(
    core: Ownership, own: Issuer, alice_token: str
) -> None:
    admin, name = System("tests"), "pending_publishers:42"
    with pytest.raises(InvalidInput, match="there is no switch"):
        switch_off(actor=admin, name="pending_publishers:43", reason="x")
    switch_off(actor=admin, name=name, reason="incident 7")

    error = refusal(found(alice_token, own), 503)

    assert error["code"] == "pending_publishers_disabled"
    check_takes_pending()
    check_takes_pending(43)
    switch_on(actor=admin, name=name)
    assert found(alice_token, own).status_code == 200


def test_the_team_owns_the_crate_beside_the_registrant(
    alice_token: str, own: Issuer, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    answer = found(alice_token, own)
    assert answer.json()["github_config"]["team"] == CORE

    with django_capture_on_commit_callbacks(execute=True):
        assert publish(publish_token(ci), "fresh").status_code == 200

    crate = Crate.objects.get(name="fresh")
    assert sorted(owner.login for owner in crate.ownerships.all()) == ["alice", CORE]
    assert AuditEvent.objects.filter(name="owner.added", crate="fresh", subject=CORE).exists()
    # The job goes on, because the organisation owns the crate now.
    assert publish(publish_token(ci), "fresh", "0.2.0").status_code == 200


def test_a_forge_of_an_organization_needs_a_team_of_it(alice_token: str, own: Issuer) -> None:
    refusal(config(alice_token, own, crate="fresh", pending=True), 400)


def test_only_a_member_may_name_the_team(charlie_token: str, own: Issuer) -> None:
    refusal(found(charlie_token, own), 400)
    assert not PendingPublisher.objects.exists()


@pytest.mark.parametrize("team", ["core", "gitlab:rustaceans:core", "github:rustaceans:none", 7])
def test_a_team_that_is_none_is_refused(alice_token: str, own: Issuer, team: object) -> None:
    answer = config(alice_token, own, crate="fresh", pending=True, team=team)

    assert answer.status_code in (400, 422)
    assert not PendingPublisher.objects.exists()


def test_whoever_left_the_team_founds_nothing(
    alice_token: str,
    own: Issuer,
    ci: LocalIssuer,
    github: FakeGitHub,  # noqa: F811
) -> None:
    found(alice_token, own)
    token = publish_token(ci)
    del github.world.teams[7].members[101]
    cache.clear()

    with nothing_happens():
        assert refusal(publish(token, "fresh"), 403)["code"] == "publisher_suspended"


def test_a_github_that_does_not_answer_decides_nothing(
    alice_token: str, own: Issuer, ci: LocalIssuer, settings: LazySettings
) -> None:
    found(alice_token, own)
    token = publish_token(ci)
    settings.GITHUB_API_URL = "http://127.0.0.1:9"
    cache.clear()

    with nothing_happens():
        assert refusal(publish(token, "fresh"), 503)["code"] == "github_unavailable"


def test_an_organization_has_a_limit_of_its_own(
    alice_token: str, bob_token: str, own: Issuer, settings: LazySettings
) -> None:
    settings.PENDING_PUBLISHERS_PER_USER = 1
    settings.PENDING_PUBLISHERS_PER_ORGANIZATION = 2

    for name in ("fresh", "fresher"):
        assert found(alice_token, own, crate=name).status_code == 200
    error = refusal(found(bob_token, own, crate="freshest"), 409)

    assert error["code"] == "too_many_publishers"
    assert "rustaceans" in error["detail"]
    PendingPublisher.objects.update(expires_at=timezone.now())
    assert found(bob_token, own, crate="freshest").status_code == 200


def test_who_works_with_the_organization_hears_of_it(
    core: Ownership, bob_token: str, own: Issuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        found(bob_token, own)

    assert sorted(letter.to[0] for letter in mail.outbox) == [
        "alice@example.com",
        "bob@example.com",
    ]


def test_the_days_of_a_registration_are_chosen(alice_token: str, own: Issuer) -> None:
    now = timezone.now()

    assert found(alice_token, own, days=3).status_code == 200

    assert (PendingPublisher.objects.get().expires_at - now).days == 3
    for days in (0, 91, "3", True):
        refusal(found(alice_token, own, crate="other", days=days), 422)


def test_a_pending_publisher_of_any_ci_system_is_listed(alice_token: str, db: None) -> None:
    uuid = "1d6f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10"
    fields = {
        "organization_id": uuid,
        "project_id": uuid,
        "pipeline_definition_id": uuid,
        "vcs_origin": "github.com/ferris-labs/tidepool",
    }
    entry = {"crate": "fresh", "provider": "circleci", "fields": fields, "pending": True}
    assert send("POST", f"{BASE}/publishers", alice_token, {"publisher": entry}).status_code == 200

    [listed] = send("GET", f"{BASE}/pending_publishers", alice_token).json()["pending_publishers"]

    assert (listed["provider"], listed["owner_id"]) == ("circleci", uuid)
    assert listed["fields"]["vcs_origin"] == "github.com/ferris-labs/tidepool"


def test_a_crate_of_the_name_made_by_hand_is_no_way_in(
    alice_token: str, own: Issuer, ci: LocalIssuer, bob: User
) -> None:
    found(alice_token, own)
    token = publish_token(ci)
    make_crate("fresh", owner=bob)

    with nothing_happens(but="pending.conflict"):
        assert refusal(publish(token, "fresh"), 409)["code"] == "pending_conflict"


# --- All crates of a team ---


def added(token: str, issuer: Issuer, **fields: object) -> Any:
    body = {"team": CORE, "issuer": issuer.url, "fields": form(), "name": "Releases", **fields}
    return send("POST", f"{BASE}/publishers", token, {"publisher": body})


def test_an_owner_of_the_organization_adds_to_all_crates_of_a_team(
    core: Ownership,
    own: Issuer,
    alice: User,
    alice_token: str,
    github: Any,  # noqa: F811
    client: Client,
) -> None:
    moon = make_crate("moon", owner=alice)
    Ownership.objects.create(crate=moon, team=core.team)
    make_crate("apart", owner=alice)
    assert refusal(added(alice_token, own), 403)["code"] == "not_allowed"
    github.add_member("rustaceans", "alice", "admin")

    first, again = added(alice_token, own), added(alice_token, own)

    told = first.json()["publishers"]
    assert [(entry["crate"], entry["name"]) for entry in told] == [
        ("tide", "Releases"), ("moon", "Releases"),
    ]  # fmt: skip
    assert again.json()["publishers"] == []
    assert PublisherCrate.objects.values("publisher").distinct().count() == 1
    # The page does the same, for another workflow.
    client.force_login(alice)
    new = "/crates/moon/settings/publishers/new"
    assert f'<option value="{CORE}">All 2 of {CORE}</option>' in client.get(new).content.decode()
    sent = {name: value or "" for name, value in form(workflow_filename="other.yml").items()}
    answer = client.post(new, {**sent, "issuer": own.pk, "team": CORE})
    assert answer["Location"].startswith("/crates/moon/settings/publishers/")
    assert PublisherCrate.objects.count() == 4
    other = client.post(new, {**sent, "issuer": own.pk, "team": "github:rustaceans:nobody"})
    assert "only an owner of the team" in other.content.decode()


def test_a_crate_of_the_team_that_is_not_theirs_stops_all(
    core: Ownership,
    own: Issuer,
    bob: User,
    alice_token: str,
    github: Any,  # noqa: F811
) -> None:
    Ownership.objects.create(crate=make_crate("moon", owner=bob), team=core.team)
    github.add_member("rustaceans", "alice", "admin")

    answer = added(alice_token, own)

    assert answer.status_code in (400, 403)
    assert not PublisherCrate.objects.exists()


def test_a_team_that_is_not_here_is_nobodys(own: Issuer, alice_token: str) -> None:
    refusal(added(alice_token, own, team="github:rustaceans:nobody"), 403)
