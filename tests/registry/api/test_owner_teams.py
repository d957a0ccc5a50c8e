"""Teams of GitHub as owners: who may add them, and what their members may do."""

from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEvent, GitHubToken, User
from accounts.operations.tokens import create_token
from demo.github_server import FakeGitHub
from registry.actors import Person
from registry.models import Crate, Ownership, Team
from registry.policies import Action, may
from tests.cases import in_turn
from tests.factories.registry import make_crate, make_owner
from tests.wire import nothing_happens, publish, refusal, send

OWNERS = "/api/v1/crates/demo-crate/owners"
YANK = "/api/v1/crates/demo-crate/0.1.0/yank"
CORE = "github:rustaceans:core"


@pytest.fixture
def demo(alice_token: str) -> Crate:
    assert publish(alice_token).status_code == 200
    return Crate.objects.get()


@pytest.fixture
def of_core(github: FakeGitHub, demo: Crate, alice_token: str) -> Crate:
    assert add(alice_token, CORE).status_code == 200
    return demo


def add(token: str | None, *logins: str) -> Any:
    return send("PUT", OWNERS, token, {"owners": list(logins)})


def remove(token: str | None, *logins: str) -> Any:
    return send("DELETE", OWNERS, token, {"owners": list(logins)})


def asked(github: FakeGitHub) -> int:
    return sum(count for request, count in github.requests.items() if "/memberships/" in request)


# --- Adding and listing ---


def test_a_member_adds_their_team(github: FakeGitHub, demo: Crate, alice_token: str) -> None:
    answer = add(alice_token, "GitHub:Rustaceans:Core")

    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "msg": f"team {CORE} has been added as an owner of crate demo-crate",
    }
    team = Team.objects.get()
    assert (team.login, team.github_id, team.organization_id) == (CORE, 7, 42)
    assert AuditEvent.objects.get(name="owner.added").subject == CORE


def test_people_are_listed_before_teams(of_core: Crate, bob: User) -> None:
    make_owner(of_core, bob)

    owners = send("GET", OWNERS).json()["users"]

    assert [owner["login"] for owner in owners] == ["alice", "bob", CORE]
    assert send("GET", OWNERS.replace("owners", "owner_user")).json() == {"users": owners[:2]}
    assert send("GET", OWNERS.replace("owners", "owner_team")).json() == {"teams": owners[2:]}


def test_a_team_is_shown_as_crates_io_shows_it(of_core: Crate, github: FakeGitHub) -> None:
    team = Team.objects.get()
    facts = {
        "id": team.pk,
        "login": CORE,
        "name": "Core Team",
        "avatar": f"{github.url}/avatars/u/42?v=4",
        "url": f"{github.url}/rustaceans",
    }

    assert send("GET", OWNERS).json()["users"][1] == {**facts, "kind": "team"}
    assert send("GET", f"/api/v1/teams/{CORE}").json() == {"team": facts}
    assert send("GET", "/api/v1/teams/GitHub:Rustaceans:CORE").json() == {"team": facts}


@pytest.mark.parametrize("login", ["github:rustaceans:other", "x", "%00", "github:a%00b:c", "é"])
def test_there_is_no_other_team(of_core: Crate, login: str) -> None:
    assert refusal(send("GET", f"/api/v1/teams/{login}"), 404)["detail"] == "Not Found"


def test_the_list_costs_one_query_however_long_it_is(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    crate = make_crate("demo-crate", owner=alice)
    for number in range(1, 51):
        user = User.objects.create(login=f"user-{number}")
        team = Team.objects.create(
            login=f"github:org:{number}", github_id=number, organization_id=1
        )
        Ownership.objects.create(crate=crate, user=user)
        Ownership.objects.create(crate=crate, team=team)

    with django_assert_num_queries(1):
        assert len(send("GET", OWNERS).json()["users"]) == 101


def test_an_owner_of_the_organization_adds_a_team_without_being_in_it(
    github: FakeGitHub, demo: Crate, alice_token: str
) -> None:
    github.add_team("rustaceans", "docs", 8)
    github.add_member("rustaceans", "alice", "admin")

    assert add(alice_token, "github:rustaceans:docs").status_code == 200


def test_a_member_of_the_organization_does_not(
    github: FakeGitHub, demo: Crate, alice_token: str
) -> None:
    team = github.add_team("rustaceans", "docs", 8)
    for state in (None, "pending"):
        if state:
            team.members[101] = state
        with nothing_happens():
            error = refusal(add(alice_token, "github:rustaceans:docs"), 403)

        assert error["detail"] == (
            "only members of a team or organization owners can add it as an owner"
        )


@in_turn(
    ("login", "said"),
    [
        ("gitlab:org:team", "unknown organization handler, only 'github:org:team' is supported"),
        (":rustaceans:core", "unknown organization handler"),
        ("github:rustaceans", "missing github team argument; format is github:org:team"),
        ("github:rustaceans:", "missing github team argument"),
        ("github::core", "missing github team argument"),
        ("github:rust/aceans:core", "organization cannot contain special characters like /"),
        ("github:..:core", "organization cannot contain special characters like ."),
        ("github:rustaceans:none", "could not find the github team rustaceans/none."),
        ("github:nobody:core", "could not find the github team nobody/core."),
        ("github:rustaceans:../..", "could not find the github team rustaceans/../..."),
        ("github:rustaceans:core:x", "could not find the github team rustaceans/core:x."),
        ("github:rustaceans:é", "could not find the github team"),
        (f"github:rustaceans:{'x' * 5000}", "could not find the github team"),
    ],
)
def test_a_login_that_names_no_team_is_refused(
    github: FakeGitHub, demo: Crate, alice_token: str, login: str, said: str
) -> None:
    with nothing_happens():
        error = refusal(add(alice_token, login), 400)

    assert error["detail"].startswith(said)
    assert len(error["detail"]) < 300


def test_a_secret_team_looks_like_none(github: FakeGitHub, demo: Crate, alice_token: str) -> None:
    github.add_team("rustaceans", "hidden", 9, ["bob"], secret=True)

    error = refusal(add(alice_token, "github:rustaceans:hidden"), 400)

    assert error["detail"].startswith("could not find the github team")


def test_a_team_owns_once(of_core: Crate, alice_token: str) -> None:
    with nothing_happens():
        error = refusal(add(alice_token, CORE), 400)

    assert error["detail"] == f"`{CORE}` is already an owner"


def test_all_or_nothing(github: FakeGitHub, demo: Crate, alice_token: str) -> None:
    with nothing_happens():
        refusal(add(alice_token, CORE, "nobody"), 400)

    assert not Team.objects.exists()


def test_adding_again_learns_the_new_name(
    of_core: Crate, github: FakeGitHub, alice_token: str
) -> None:
    remove(alice_token, CORE)
    github.world.teams[7].name, github.world.teams[7].slug = "The Core", "the-core"

    assert add(alice_token, "github:rustaceans:the-core").status_code == 200

    team = Team.objects.get()
    assert (team.login, team.name) == ("github:rustaceans:the-core", "The Core")


def test_a_team_made_anew_under_the_login_is_another_one(
    of_core: Crate, github: FakeGitHub, alice_token: str
) -> None:
    del github.world.teams[7]
    github.add_team("rustaceans", "core", 70, ["alice"])

    assert add(alice_token, CORE).status_code == 200

    logins = [owner["login"] for owner in send("GET", OWNERS).json()["users"]]
    assert logins == ["alice", f"{CORE}:7", CORE]
    assert remove(alice_token, f"{CORE}:7").status_code == 200


# --- What GitHub says no to ---


def test_who_has_not_signed_in_with_github_adds_no_team(
    github: FakeGitHub, demo: Crate, alice: User, alice_token: str
) -> None:
    GitHubToken.objects.filter(user=alice).delete()

    error = refusal(add(alice_token, CORE), 400)

    assert "sign in with GitHub" in error["detail"]


def test_a_revoked_sign_in_says_so(
    github: FakeGitHub, demo: Crate, alice: User, alice_token: str
) -> None:
    github.oauth.revoke(GitHubToken.text_of(alice) or "")

    error = refusal(add(alice_token, CORE), 401)

    assert error["code"] == "github_sign_in_needed"
    assert "sign in with GitHub again" in error["detail"]


def test_an_organization_that_has_not_approved_the_registry(
    github: FakeGitHub, demo: Crate, alice_token: str
) -> None:
    github.world.restricted.add(42)

    error = refusal(add(alice_token, CORE), 403)

    assert error["code"] == "github_access_denied"
    assert "approve" in error["detail"]
    assert "read:org" in error["detail"]


def test_a_sign_in_without_the_permission(
    github: FakeGitHub, demo: Crate, alice: User, alice_token: str
) -> None:
    account = github.world.accounts[101]
    GitHubToken.keep(alice, github.oauth.issue(account, "user:email"))

    assert refusal(add(alice_token, CORE), 403)["code"] == "github_access_denied"


def test_the_token_of_another_account_is_not_used(
    github: FakeGitHub, demo: Crate, alice: User, alice_token: str
) -> None:
    account = github.world.accounts[102]
    GitHubToken.keep(alice, github.oauth.issue(account, "read:org"))

    assert refusal(add(alice_token, CORE), 401)["code"] == "github_sign_in_needed"


def test_a_github_that_is_away(
    github: FakeGitHub, demo: Crate, alice_token: str, settings: Settings
) -> None:
    settings.GITHUB_API_URL = "http://127.0.0.1:9"

    assert refusal(add(alice_token, CORE), 503)["code"] == "github_unavailable"
    assert publish(alice_token, version="0.2.0").status_code == 200


# --- Rights ---


def test_a_member_publishes_and_yanks(of_core: Crate, bob_token: str) -> None:
    assert publish(bob_token, version="0.2.0").status_code == 200
    assert send("DELETE", YANK, bob_token).status_code == 200
    assert send("PUT", YANK.replace("yank", "unyank"), bob_token).status_code == 200


def test_a_member_changes_no_owners(of_core: Crate, bob_token: str) -> None:
    for answer in (lambda: add(bob_token, "bob"), lambda: remove(bob_token, "alice")):
        with nothing_happens():
            error = refusal(answer(), 403)
        assert error["detail"] == "team members don't have permission to modify owners"


def test_a_member_configures_nothing(of_core: Crate, bob_token: str, github: FakeGitHub) -> None:
    config = {"crate": "demo-crate", "repository_owner": "o", "repository_name": "r"}
    config["workflow_filename"] = "ci.yml"
    path = "/api/v1/trusted_publishing/github_configs"

    refusal(send("POST", path, bob_token, {"github_config": config}), 400)

    assert asked(github) == 1


def test_others_get_nothing(of_core: Crate, charlie_token: str, github: FakeGitHub) -> None:
    with nothing_happens():
        refusal(publish(charlie_token, version="0.2.0"), 403)
        refusal(send("DELETE", YANK, charlie_token), 403)
        error = refusal(add(charlie_token, "charlie"), 403)

    assert error["detail"] == "only owners have permission to modify owners"


@pytest.mark.parametrize("state", [None, "pending"])
def test_who_is_not_active_gets_nothing(
    of_core: Crate, bob_token: str, github: FakeGitHub, state: str | None
) -> None:
    github.world.teams[7].members.pop(102)
    if state:
        github.world.teams[7].members[102] = state

    refusal(publish(bob_token, version="0.2.0"), 403)


def test_membership_is_asked_once_a_minute(
    of_core: Crate, bob: User, bob_token: str, github: FakeGitHub
) -> None:
    before = asked(github)
    for patch in range(3):
        assert publish(bob_token, version=f"0.2.{patch}").status_code == 200
    assert asked(github) == before + 1

    github.world.teams[7].members.pop(102)
    cache.delete(f"team-member:7:{bob.pk}")

    refusal(publish(bob_token, version="0.3.0"), 403)


def test_owners_are_not_asked_about(of_core: Crate, alice_token: str, github: FakeGitHub) -> None:
    before = asked(github)

    assert publish(alice_token, version="0.2.0").status_code == 200

    assert asked(github) == before


def test_without_a_github_token_teams_count_for_nothing(
    of_core: Crate, bob: User, bob_token: str
) -> None:
    GitHubToken.objects.filter(user=bob).delete()

    error = refusal(publish(bob_token, version="0.2.0"), 403)

    assert error["detail"].startswith("this crate exists but you don't seem to be an owner")


def test_a_namesake_of_a_member_gets_nothing(
    of_core: Crate, bob_token: str, github: FakeGitHub
) -> None:
    # Bob took another name on GitHub, and somebody in the team has his old one.
    github.rename_user("bob", "robert")
    github.world.teams[7].members.pop(102)
    github.add_user("bob", 500)
    github.world.teams[7].members[500] = "active"

    refusal(publish(bob_token, version="0.2.0"), 403)


def test_a_restricted_organization_is_explained_to_its_members(
    of_core: Crate, bob_token: str, github: FakeGitHub
) -> None:
    github.world.restricted.add(42)

    assert refusal(publish(bob_token, version="0.2.0"), 403)["code"] == "github_access_denied"


def test_the_scopes_of_a_members_token_count(of_core: Crate, bob: User) -> None:
    token = create_token(user=bob, name="ci", scopes=["yank"], patterns=["demo*"]).text

    refusal(publish(token, version="0.2.0"), 403)
    assert send("DELETE", YANK, token).status_code == 200


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        (Action.PUBLISH, True),
        (Action.YANK, True),
        (Action.CHANGE_OWNERS, False),
        (Action.CONFIGURE, False),
    ],
)
def test_what_a_member_may(
    of_core: Crate, bob: User, settings: Settings, action: Action, allowed: bool
) -> None:
    assert may(Person(bob), action, of_core) == allowed

    cache.clear()
    settings.GITHUB_API_URL = "http://127.0.0.1:9"
    assert not may(Person(bob), action, of_core)


# --- Removing ---


def test_a_team_is_removed(of_core: Crate, alice_token: str, bob_token: str) -> None:
    assert remove(alice_token, CORE.upper()).json() == {
        "ok": True,
        "msg": "owners successfully removed",
    }

    refusal(publish(bob_token, version="0.2.0"), 403)
    assert AuditEvent.objects.get(name="owner.removed").subject == CORE


def test_a_team_alone_does_not_own(of_core: Crate, alice_token: str) -> None:
    with nothing_happens():
        error = refusal(remove(alice_token, "alice"), 400)

    assert error["detail"].startswith("cannot remove all individual owners of a crate.")


def test_the_owners_hear_of_it(
    github: FakeGitHub, demo: Crate, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        add(alice_token, CORE)
        remove(alice_token, CORE)

    added, removed = mail.outbox[-2:]
    assert added.to == removed.to == ["alice@example.com"]
    assert added.subject == f"The team {CORE} is now an owner of demo-crate"
    assert added.body.rstrip() == (
        f"Hello,\n\nalice (token laptop) made the team {CORE} an owner of the crate demo-crate.\n\n"
        "Its members may publish and yank versions. They may not change owners or publishers.\n"
        "If this was not intended, remove the team:\n\n"
        "    http://127.0.0.1:8000/crates/demo-crate/settings/owners"
    )
    assert removed.subject == f"The team {CORE} is no longer an owner of demo-crate"
    assert removed.body.rstrip() == (
        f"Hello,\n\nalice (token laptop) removed the team {CORE} from the owners of the crate "
        "demo-crate.\n\nIf this was not intended, an owner can add it again:\n\n"
        "    http://127.0.0.1:8000/crates/demo-crate/settings/owners"
    )
