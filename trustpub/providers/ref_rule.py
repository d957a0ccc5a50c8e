"""Which branches and tags may publish, for providers without an environment."""

import re

from trustpub.conditions import Condition, ConditionKind, InvalidCondition
from trustpub.providers.base import FieldRule, ProviderFields

TAGS, PROTECTED, ANY = "tags", "protected", "any"

_REF = re.compile(r"refs/(?:heads|tags)/[A-Za-z0-9._/@+*-]+")


def ref_field(*, protected: bool = False) -> FieldRule:
    """The field `refs`; tags alone where nothing is given.

    With `protected` the CI system says which branches and tags are protected.
    """
    return FieldRule(
        "refs",
        "Branches and tags",
        False,
        f"{TAGS} (what it is if you leave it empty)"
        f"{f', {PROTECTED}' if protected else ''}, one ref such as refs/heads/main or "
        f"refs/tags/v*, or {ANY}: then everyone who can push a branch can publish.",
        _protected_problem if protected else _problem,
        default=TAGS,
    )


def ref_conditions(fields: ProviderFields) -> tuple[Condition, ...]:
    wanted = fields.get("refs") or TAGS
    if wanted == ANY:
        return ()
    if wanted == TAGS:
        return (Condition("ref_type", ConditionKind.EXACT, "tag"),)
    if wanted == PROTECTED:
        return (Condition("ref_protected", ConditionKind.EXACT, "true"),)
    return (Condition("ref", ConditionKind.REF_PATTERN, wanted),)


def takes_any_ref(fields: ProviderFields) -> bool:
    return fields.get("refs") == ANY


def kind_of(ref: str) -> str | None:
    """What a full ref is the name of, for providers that do not say so."""
    if ref.startswith("refs/tags/"):
        return "tag"
    return "branch" if ref.startswith("refs/heads/") else None


def _protected_problem(value: str) -> str | None:
    return None if value == PROTECTED else _problem(value)


def _problem(value: str) -> str | None:
    if value in (TAGS, ANY):
        return None
    if not _REF.fullmatch(value):
        return f"Must be {TAGS}, {ANY} or a ref such as refs/heads/main or refs/tags/v*"
    try:
        Condition("ref", ConditionKind.REF_PATTERN, value)
    except InvalidCondition:
        return "A ref may hold at most two *"
    return None
