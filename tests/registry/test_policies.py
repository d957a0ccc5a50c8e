"""Who may do what with a crate, as a grid in which each "no" is spelled."""

from collections.abc import Callable

from accounts.errors import Refusal
from accounts.models import User
from accounts.operations.tokens import create_token
from demo.github_server import FakeGitHub
from registry.actors import Actor, Person, System, TokenHolder
from registry.models import Crate, Team
from registry.policies import RULES, Action, may, require
from tests.cases import in_turn
from tests.factories.registry import make_crate, make_invitation

YES = ""
NO_TOKEN = "this token does not have the required permissions to perform this action"
NOT_PUBLISH = (
    "this crate exists but you don't seem to be an owner. If you believe this is a mistake, "
    "perhaps you need to accept an invitation to be an owner before publishing."
)
NOT_YANK = "must already be an owner to yank or unyank"
NOT_OWNERS = "only owners have permission to modify owners"
TEAM_OWNERS = "team members don't have permission to modify owners"
NOT_CONFIGURE = "You are not an owner of this crate"
NOT_SETTINGS = "only owners have permission to modify crate settings"
NOT_DELETE = "only owners have permission to delete crates"

ACTIONS = (
    Action.PUBLISH,
    Action.YANK,
    Action.CHANGE_OWNERS,
    Action.CONFIGURE,
    Action.CHANGE_SETTINGS,
    Action.DELETE,
)
ALL = (YES,) * 6
NONE = (NOT_PUBLISH, NOT_YANK, NOT_OWNERS, NOT_CONFIGURE, NOT_SETTINGS, NOT_DELETE)
MEMBER = (YES, YES, TEAM_OWNERS, NOT_CONFIGURE, NOT_SETTINGS, NOT_DELETE)
NO = NO_TOKEN

Who = Callable[[dict[str, User]], Actor]


def person(login: str) -> Who:
    return lambda people: Person(people[login])


def token(login: str, scopes: list[str] | None = None, patterns: list[str] | None = None) -> Who:
    def holder(people: dict[str, User]) -> Actor:
        made = create_token(user=people[login], name="ci", scopes=scopes, patterns=patterns)
        return TokenHolder(made.token)

    return holder


# Alice owns `demo`, Bob is in a team that owns it, Charlie is invited, Dora was an owner once, and
# Ada is an administrator.
GRID: dict[str, tuple[Who, tuple[str, ...]]] = {
    "an owner": (person("alice"), ALL),
    "the operator at the shell": (lambda _: System("tests"), ALL),
    "an owner's token": (token("alice"), ALL),
    "an owner's token for the crate": (token("alice", None, ["demo"]), ALL),
    "an owner's token for crates that begin so": (token("alice", None, ["de*"]), ALL),
    "an owner's token for other crates": (token("alice", None, ["other", "demo-*"]), (NO,) * 6),
    "an owner's token for the name in capitals": (token("alice", None, ["DEMO"]), (NO,) * 6),
    "an owner's token that only reads": (token("alice", ["read"]), (NO,) * 6),
    "publish-new": (token("alice", ["publish-new"]), (NO,) * 6),
    "publish-update": (token("alice", ["publish-update"]), (YES, NO, NO, NO, NO, NO)),
    "yank": (token("alice", ["yank"]), (NO, YES, NO, NO, NO, NO)),
    "change-owners": (token("alice", ["change-owners"]), (NO, NO, YES, NO, NO, YES)),
    "trusted-publishing": (token("alice", ["trusted-publishing"]), (NO, NO, NO, YES, YES, NO)),
    "a scope for another crate": (token("alice", ["yank"], ["tide"]), (NO,) * 6),
    "a member of an owning team": (person("bob"), MEMBER),
    "a member's token": (token("bob"), MEMBER),
    "a member's token with a scope": (
        token("bob", ["change-owners"]),
        (NO, NO, TEAM_OWNERS, NO, NO, NOT_DELETE),
    ),
    "somebody invited": (person("charlie"), NONE),
    "an invited person's token": (token("charlie"), NONE),
    "a former owner": (person("dora"), NONE),
    "a former owner's token": (token("dora"), NONE),
    "an administrator": (person("ada"), NONE),
    "an administrator's token with a scope": (
        token("ada", ["yank"]),
        (NO, NOT_YANK, NO, NO, NO, NO),
    ),
}


def test_the_grid_knows_every_action() -> None:
    assert set(RULES) == set(Action) == set(ACTIONS)


@in_turn("who", GRID)
def test_who_may_do_what_and_what_is_said_to_others(
    who: str, github: FakeGitHub, alice: User, bob: User, charlie: User
) -> None:
    demo = make_crate("demo", owner=alice)
    core = {"login": "github:rustaceans:core", "github_id": 7, "organization_id": 42}
    demo.ownerships.create(team=Team.objects.create(**core))
    make_invitation(demo, charlie, alice)
    people = {"alice": alice, "bob": bob, "charlie": charlie}
    people["dora"] = User.objects.create(login="dora")
    demo.ownerships.create(user=people["dora"]).delete()
    people["ada"] = User.objects.create(login="ada", is_staff=True, is_superuser=True)
    make, expected = GRID[who]
    actor = make(people)

    assert [refusal_of(actor, action, demo) for action in ACTIONS] == list(expected)
    assert [may(actor, action, demo) for action in ACTIONS] == [not said for said in expected]


def refusal_of(actor: Actor, action: Action, crate: Crate) -> str:
    try:
        require(actor, action, crate)
    except Refusal as refusal:
        return refusal.detail
    return YES
