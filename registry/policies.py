"""Who may do what with a crate, as one table."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.errors import InvalidInput, Refusal
from accounts.scopes import Scope
from registry.actors import Actor, Rights
from registry.errors import NotOwner
from registry.models import Crate


class Action(StrEnum):
    """What can be done with a crate that exists."""

    PUBLISH = "publish"
    YANK = "yank"
    CHANGE_OWNERS = "change owners"
    CONFIGURE = "configure"
    CHANGE_SETTINGS = "change settings"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the credentials must cover, what the actor must be, and what a stranger is told."""

    scope: Scope
    rights: Rights
    stranger: str
    refusal: type[Refusal] = NotOwner
    # What is said to those who have some rights, but too few; None: the same.
    member: str | None = None


RULES = {
    Action.PUBLISH: Rule(
        Scope.PUBLISH_UPDATE,
        Rights.PUBLISH,
        "this crate exists but you don't seem to be an owner. If you believe this is a mistake, "
        "perhaps you need to accept an invitation to be an owner before publishing.",
    ),
    Action.YANK: Rule(Scope.YANK, Rights.PUBLISH, "must already be an owner to yank or unyank"),
    Action.CHANGE_OWNERS: Rule(
        Scope.CHANGE_OWNERS,
        Rights.FULL,
        "only owners have permission to modify owners",
        member="team members don't have permission to modify owners",
    ),
    Action.CONFIGURE: Rule(
        Scope.TRUSTED_PUBLISHING,
        Rights.FULL,
        "You are not an owner of this crate",
        # 400 on crates.io too.
        InvalidInput,
    ),
    Action.CHANGE_SETTINGS: Rule(
        Scope.TRUSTED_PUBLISHING,
        Rights.FULL,
        "only owners have permission to modify crate settings",
    ),
    # No scope stands for it: the door lets browsers in alone.
    Action.DELETE: Rule(
        Scope.CHANGE_OWNERS, Rights.FULL, "only owners have permission to delete crates"
    ),
}


def may(actor: Actor, action: Action, crate: Crate) -> bool:
    """For templates and lists: whether `require` would pass."""
    rule = RULES[action]
    try:
        return actor.allows(rule.scope, crate.name) and actor.has_rights(crate, rule.rights)
    except Refusal:
        # GitHub says nothing about a team: no reason for a page to fail.
        return False


def require(actor: Actor, action: Action, crate: Crate) -> None:
    """Raises the refusal of the credentials or of the rule."""
    require_scope(actor, RULES[action].scope, crate.name)
    require_rights(actor, action, crate)


def require_scope(actor: Actor, scope: Scope, crate_name: str) -> None:
    """Raises the actor's refusal when the credentials do not reach that far."""
    if not actor.allows(scope, crate_name):
        raise actor.scope_refusal(scope, crate_name)


def require_rights(actor: Actor, action: Action, crate: Crate) -> None:
    """Raises the rule's refusal when the actor has too few rights on the crate."""
    rule = RULES[action]
    if actor.has_rights(crate, rule.rights):
        return
    if rule.member and actor.rights_on(crate) > Rights.NONE:
        raise rule.refusal(rule.member)
    raise rule.refusal(rule.stranger)
