import pytest

from accounts.errors import Refusal
from accounts.models import User
from accounts.operations.tokens import create_token
from registry.actors import Actor, Person, System, TokenHolder
from registry.models import Crate
from registry.policies import RULES, Action, may, require
from tests.factories.registry import make_crate

SCOPE_OF = {
    Action.PUBLISH: "publish-update",
    Action.YANK: "yank",
    Action.CHANGE_OWNERS: "change-owners",
    Action.CONFIGURE: "trusted-publishing",
    Action.CHANGE_SETTINGS: "trusted-publishing",
    Action.DELETE: "change-owners",
}


@pytest.fixture
def demo(alice: User) -> Crate:
    return make_crate("demo", owner=alice)


def holder(user: User, scopes: list[str] | None = None, patterns: list[str] | None = None) -> Actor:
    return TokenHolder(create_token(user=user, name="ci", scopes=scopes, patterns=patterns).token)


def test_every_action_has_a_rule() -> None:
    assert set(RULES) == set(Action) == set(SCOPE_OF)


@pytest.mark.parametrize("action", Action)
def test_an_owner_may(demo: Crate, alice: User, action: Action) -> None:
    scope = SCOPE_OF[action]
    for actor in (
        Person(alice),
        holder(alice),
        holder(alice, [scope]),
        holder(alice, [scope], ["demo"]),
        holder(alice, None, ["de*"]),
        System("tests"),
    ):
        assert may(actor, action, demo)
        require(actor, action, demo)


@pytest.mark.parametrize("action", Action)
def test_a_stranger_may_not(demo: Crate, charlie: User, action: Action) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    for actor in (Person(charlie), holder(charlie), holder(charlie, [SCOPE_OF[action]])):
        assert not may(actor, action, demo)
        with pytest.raises(Refusal) as refused:
            require(actor, action, demo)
        assert refused.value.detail == RULES[action].stranger


@pytest.mark.parametrize("action", Action)
def test_the_token_of_an_owner_may_not_go_beyond_its_limits(
    demo: Crate, alice: User, action: Action
) -> None:
    others = [scope for scope in SCOPE_OF.values() if scope != SCOPE_OF[action]]
    for actor in (
        holder(alice, others),
        holder(alice, ["publish-new"]),
        holder(alice, []),
        holder(alice, None, ["other", "demo-*"]),
        holder(alice, [SCOPE_OF[action]], ["DEMO"]),
    ):
        assert not may(actor, action, demo)
        with pytest.raises(Refusal) as refused:
            require(actor, action, demo)
        assert refused.value.code == "token_lacks_permission"


def test_a_former_owner_may_not(demo: Crate, alice: User) -> None:
    demo.ownerships.all().delete()

    assert not any(may(Person(alice), action, demo) for action in Action)
