"""What a token may be limited to: endpoint scopes and crate patterns (crates-io-api 4.2); pure."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum


class Scope(StrEnum):
    """One kind of action on crates."""

    PUBLISH_NEW = "publish-new"
    PUBLISH_UPDATE = "publish-update"
    YANK = "yank"
    CHANGE_OWNERS = "change-owners"
    TRUSTED_PUBLISHING = "trusted-publishing"
    # Ours: alone, it makes a token that opens a private registry and changes nothing.
    READ = "read"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Scope.PUBLISH_NEW: "publish the first version of a new crate",
    Scope.PUBLISH_UPDATE: "publish new versions of existing crates",
    Scope.YANK: "yank and un-yank versions",
    Scope.CHANGE_OWNERS: "add and remove owners",
    Scope.TRUSTED_PUBLISHING: "manage trusted publishers",
    Scope.READ: "read from a private registry, which every token may; alone, it allows no more",
}
_PATTERN = re.compile(r"\*|[A-Za-z][A-Za-z0-9_-]{0,63}\*?")


class InvalidScope(ValueError):
    """A scope or crate pattern that no token can have."""


def read_scopes(names: Iterable[str] | None) -> list[str] | None:
    """Endpoint scopes, each once and in a fixed order; None means not limited.

    Raises InvalidScope for a name that is not a scope.
    """
    if names is None:
        return None
    wanted = set(names)
    unknown = wanted - set(Scope)
    if unknown:
        raise InvalidScope(
            f"invalid endpoint scope `{min(unknown)}`; choose from {', '.join(Scope)}"
        )
    return [scope.value for scope in Scope if scope in wanted]


def read_patterns(patterns: Iterable[str] | None) -> list[str] | None:
    """Crate patterns: a name, a prefix with a trailing `*`, or `*`; None or none: not limited.

    Raises InvalidScope for anything else.
    """
    kept = list(dict.fromkeys(patterns or ()))
    for pattern in kept:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidScope(
                f"invalid crate scope `{pattern}`; use a crate name, a prefix followed by *, or *"
            )
    return kept or None


def pattern_matches(pattern: str, crate_name: str) -> bool:
    """Whether the pattern covers the name, compared as spelled."""
    if pattern.endswith("*"):
        return crate_name.startswith(pattern[:-1])
    return crate_name == pattern


def allows(
    scopes: Sequence[str] | None,
    patterns: Sequence[str] | None,
    scope: Scope | None,
    crate_name: str | None,
) -> bool:
    """The rules of crates-io-api 0.4 for one endpoint.

    `scope` is what the endpoint declares, `crate_name` the crate it is about; None where it
    declares none or is about none.
    """
    if scopes is not None and (scope is None or scope not in scopes):
        return False
    if patterns:
        return crate_name is not None and any(pattern_matches(p, crate_name) for p in patterns)
    return True


def explain_pattern(pattern: str) -> str:
    """The pattern in words, for the tokens page."""
    if pattern == "*":
        return "all crates"
    if pattern.endswith("*"):
        return f"all crates starting with {pattern[:-1]}"
    return f"only the crate {pattern}"
