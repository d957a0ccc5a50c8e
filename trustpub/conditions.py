"""The typed conditions of a trust rule: what is compared, and how exactly."""

import hashlib
import json
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_VALUE_LENGTH = 1024

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# What a placeholder of a ref pattern stands for. No part of a pattern is an expression of its
# author: everything else is literal.
_PLACEHOLDERS = {
    "{version}": r"[0-9][0-9A-Za-z.+-]*",
    "{crate}": r"[A-Za-z0-9_-]+",
    "*": r"[^/]+",
}
_PLACEHOLDER = re.compile(r"(\{version\}|\{crate\}|\*)")
_MAX_PLACEHOLDERS = 2  # keeps the time of a match far from exploding


class ConditionKind(StrEnum):
    """How a value is compared."""

    EXACT = "exact"
    EXACT_CI = "exact_ci"  # ASCII letters without case
    ID = "id"
    PATH = "path"
    REPOSITORY_PATH = "repository_path"  # "owner/name/path", the first two like EXACT_CI
    REF_PATTERN = "ref_pattern"
    ONE_OF = "one_of"
    INCLUDES = "includes"  # one word of a list that is sent as words between blanks
    ANY = "any"  # lifts what would be asked without a condition on the field


# An empty value here means "must be absent". For the other kinds it would be a rule that
# grants to whoever sends nothing.
_MAY_BE_EMPTY = frozenset({ConditionKind.EXACT, ConditionKind.EXACT_CI, ConditionKind.ANY})


class InvalidCondition(ValueError):
    """A condition that can't be compared with anything."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement on one field of a workload. Raises InvalidCondition when it makes no sense.

    `value` is a tuple for `one_of`, else a text; an empty text means that the field is absent.
    """

    field: str
    kind: ConditionKind
    value: str | tuple[str, ...]

    def __post_init__(self) -> None:
        values = self.values
        if isinstance(self.value, str) == (self.kind is ConditionKind.ONE_OF) or not values:
            raise InvalidCondition(f"{self.field}: {self.kind} does not take this kind of value")
        if "" in values and self.kind not in _MAY_BE_EMPTY:
            raise InvalidCondition(f"{self.field}: the value may not be empty")
        if any(len(value) > MAX_VALUE_LENGTH for value in values):
            raise InvalidCondition(f"{self.field}: more than {MAX_VALUE_LENGTH} characters")
        if self.kind is ConditionKind.REF_PATTERN and (
            len(_PLACEHOLDER.findall(values[0])) > _MAX_PLACEHOLDERS
        ):
            raise InvalidCondition(f"{self.field}: at most {_MAX_PLACEHOLDERS} placeholders")

    @property
    def values(self) -> tuple[str, ...]:
        return (self.value,) if isinstance(self.value, str) else self.value

    @property
    def canonical_values(self) -> list[str]:
        """Equal for two conditions of one kind exactly when they accept the same."""
        return sorted({self._canonical(value) for value in self.values})

    def accepts(self, received: str) -> bool:
        """Whether it is one of the values, in whichever of the spellings that mean the same."""
        return self._canonical(received) in self.canonical_values

    def _canonical(self, value: str) -> str:
        match self.kind:
            case ConditionKind.EXACT_CI:
                return ascii_fold(value)
            case ConditionKind.REPOSITORY_PATH:
                owner, _, rest = value.partition("/")
                name, slash, path = rest.partition("/")
                return f"{ascii_fold(owner)}/{ascii_fold(name)}{slash}{path}"
            case _:
                return value

    def as_dict(self) -> dict[str, object]:
        value = self.value if isinstance(self.value, str) else list(self.value)
        return {"field": self.field, "kind": self.kind.value, "value": value}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> "Condition":
        """The condition that `as_dict` gave. Raises InvalidCondition."""
        match stored:
            case {"field": str(field), "kind": str(kind), "value": str(text)}:
                value: str | tuple[str, ...] = text
            case {"field": str(field), "kind": str(kind), "value": [*items]}:
                value = tuple(str(item) for item in items)
            case _:
                raise InvalidCondition("a condition needs field, kind and value")
        try:
            known = ConditionKind(kind)
        except ValueError:
            raise InvalidCondition(f"{field}: no condition is of the kind {kind!r}") from None
        return cls(field, known, value)


def ascii_fold(text: str) -> str:
    """Lower case for A-Z alone: Unicode folding can make two different names equal."""
    return text.translate(_FOLD)


def matches(condition: Condition, value: str | None) -> bool:
    """Whether a workload's `value` satisfies the condition; None and "" are the same."""
    received = value or ""
    if len(received) > MAX_VALUE_LENGTH:
        return False
    match condition.kind:
        case ConditionKind.ANY:
            return True
        case ConditionKind.EXACT_CI | ConditionKind.REPOSITORY_PATH:
            return condition.accepts(received)
        case ConditionKind.INCLUDES:
            return condition.values[0] in received.split(" ")
        case ConditionKind.REF_PATTERN:
            return _pattern(condition.values[0]).fullmatch(received) is not None
        case _:
            return received in condition.values


def rule_digest(issuer_key: object, conditions: Iterable[Condition]) -> str:
    """SHA-256 (hex) that two rules share exactly when issuer and conditions are the same."""
    rule = sorted(
        {(item.field, item.kind.value, *item.canonical_values): None for item in conditions}
    )
    canonical = json.dumps([str(issuer_key), rule], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _pattern(text: str) -> re.Pattern[str]:
    parts = [_PLACEHOLDERS.get(part) or re.escape(part) for part in _PLACEHOLDER.split(text)]
    return re.compile("".join(parts))
