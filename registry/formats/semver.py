"""Version numbers, their order, and the requirements that cargo writes about them.

Sources: Semantic Versioning 2.0.0; cargo's documentation on specifying dependencies.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering
from typing import Self

from registry.formats.errors import FormatError, shown

# cargo keeps each of the three numbers in 64 bits.
MAX_NUMBER = 2**64 - 1
MAX_COMPARATORS = 32

_NUMBER = r"0|[1-9][0-9]{0,19}"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_TAIL = (
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_VERSION = re.compile(
    rf"(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER}){_TAIL}", re.ASCII
)
_COMPARATOR = re.compile(
    rf"(?P<op>=|>=|>|<=|<|~|\^|) *(?P<major>{_NUMBER})"
    rf"(?:\.(?P<minor>{_NUMBER}|[*xX])(?:\.(?:(?P<patch>{_NUMBER}){_TAIL}|(?P<wild>[*xX])))?)?",
    re.ASCII,
)
_WILDCARDS = frozenset("*xX")

# Digits sort before letters and by value, without making a number of a thousand digits.
IdentifierKey = tuple[int, int, str]
SortKey = tuple[int, int, int, int, tuple[IdentifierKey, ...]]


class InvalidVersion(FormatError):
    """Not a version number, or not a requirement."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """Sorts by precedence; build metadata only breaks ties, so that any list has one order."""

    major: int
    minor: int
    patch: int
    pre: str = ""
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidVersion."""
        found = _VERSION.fullmatch(text)
        major, minor, patch = (
            map(int, found.group("major", "minor", "patch")) if found else (0,) * 3
        )
        if not found or max(major, minor, patch) > MAX_NUMBER:
            raise InvalidVersion(f'"{shown(text)}" is an invalid semver version')
        return cls(major, minor, patch, found["pre"] or "", found["build"] or "")

    @property
    def text(self) -> str:
        return f"{self.without_build}+{self.build}" if self.build else self.without_build

    @property
    def without_build(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{self.pre}" if self.pre else core

    @property
    def is_prerelease(self) -> bool:
        return bool(self.pre)

    @property
    def track(self) -> str:
        """The line of releases that are compatible with one another: `1`, `0.3`."""
        return str(self.major) if self.major else f"0.{self.minor}"

    @property
    def sort_key(self) -> SortKey:
        """Equal for versions that differ in build metadata alone."""
        return (self.major, self.minor, self.patch, int(not self.pre), _identifier_keys(self.pre))

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: "Version") -> bool:
        mine, theirs = _identifier_keys(self.build), _identifier_keys(other.build)
        return (self.sort_key, mine, self.build) < (other.sort_key, theirs, other.build)


class Operator(StrEnum):
    """What a comparator asks for; its value is how cargo prints it."""

    EXACT = "="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    TILDE = "~"
    CARET = "^"
    WILDCARD = ""


@dataclass(frozen=True, slots=True)
class Comparator:
    """One part of a requirement; `minor` and `patch` are None where they were left out."""

    operator: Operator
    major: int
    minor: int | None = None
    patch: int | None = None
    pre: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidVersion."""
        found = _COMPARATOR.fullmatch(text)
        if not found or (found["minor"] in _WILDCARDS and found["patch"]):
            raise InvalidVersion(f"`{shown(text)}` is not a version or a comparison with one")
        has_wildcard = found["minor"] in _WILDCARDS or bool(found["wild"])
        default = Operator.WILDCARD if has_wildcard else Operator.CARET
        return cls(
            operator=Operator(found["op"]) if found["op"] else default,
            major=_bounded(found["major"]),
            minor=None if found["minor"] in (None, *_WILDCARDS) else _bounded(found["minor"]),
            patch=_bounded(found["patch"]) if found["patch"] else None,
            pre=found["pre"] or "",
        )

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.major, self.minor, self.patch) if n is not None]
        if self.operator is Operator.WILDCARD:
            numbers.append("*")
        core = f"{self.operator}{'.'.join(numbers)}"
        return f"{core}-{self.pre}" if self.pre else core

    def matches(self, version: Version) -> bool:
        """Without the rule on prereleases, which looks at all comparators together."""
        match self.operator:
            case Operator.EXACT | Operator.WILDCARD:
                return self._equals(version)
            case Operator.GREATER:
                return self._compared(version) > 0
            case Operator.GREATER_OR_EQUAL:
                return self._equals(version) or self._compared(version) > 0
            case Operator.LESS:
                return self._compared(version) < 0
            case Operator.LESS_OR_EQUAL:
                return self._equals(version) or self._compared(version) < 0
            case Operator.TILDE:
                return self._is_near(version)
            case Operator.CARET:
                return self._fixes(version, self._leading()) and self._compared(version) >= 0

    def names_prerelease_of(self, version: Version) -> bool:
        """Does this comparator ask for prereleases of just this number?"""
        mine = (self.major, self.minor, self.patch)
        return bool(self.pre) and mine == (version.major, version.minor, version.patch)

    def _given(self) -> tuple[int, ...]:
        return tuple(n for n in (self.major, self.minor, self.patch) if n is not None)

    def _leading(self) -> tuple[int, ...]:
        """The numbers that may not change: up to the first that is not zero."""
        given = self._given()
        for place, number in enumerate(given, start=1):
            if number:
                return given[:place]
        return given

    def _fixes(self, version: Version, numbers: tuple[int, ...]) -> bool:
        return numbers == (version.major, version.minor, version.patch)[: len(numbers)]

    def _is_near(self, version: Version) -> bool:
        if self.patch is None and version.pre:
            return False
        return self._fixes(version, self._given()[:2]) and self._compared(version) >= 0

    def _equals(self, version: Version) -> bool:
        return self._fixes(version, self._given()) and version.pre == self.pre

    def _compared(self, version: Version) -> int:
        """The sign of `version - self`, over the numbers that this comparator gives."""
        given = self._given()
        theirs = (version.major, version.minor, version.patch)[: len(given)]
        if theirs != given:
            return 1 if theirs > given else -1
        if self.patch is None:
            return 0
        here, there = (_prerelease_key(self.pre), _prerelease_key(version.pre))
        return (there > here) - (there < here)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a dependency accepts: all comparators must match; none of them is `*`."""

    comparators: tuple[Comparator, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidVersion."""
        bare = text.strip(" ")
        if bare in _WILDCARDS:
            return cls(())
        parts = bare.split(",", MAX_COMPARATORS)
        if len(parts) > MAX_COMPARATORS:
            raise InvalidVersion(
                f'"{shown(text)}" is an invalid version requirement: '
                f"it has more than {MAX_COMPARATORS} comparators"
            )
        try:
            return cls(tuple(Comparator.parse(part.strip(" ")) for part in parts))
        except InvalidVersion as error:
            message = f'"{shown(text)}" is an invalid version requirement: {error}'
            raise InvalidVersion(message) from None

    @property
    def is_wildcard(self) -> bool:
        """Accepts every version: a plain `*`."""
        return not self.comparators

    def __str__(self) -> str:
        return ", ".join(map(str, self.comparators)) or "*"

    def matches(self, version: Version) -> bool:
        """A prerelease matches only if a comparator names one of the same number."""
        if not all(comparator.matches(version) for comparator in self.comparators):
            return False
        return not version.is_prerelease or any(
            comparator.names_prerelease_of(version) for comparator in self.comparators
        )


def _identifier_keys(text: str) -> tuple[IdentifierKey, ...]:
    return tuple(_identifier_key(identifier) for identifier in text.split(".")) if text else ()


def _identifier_key(identifier: str) -> IdentifierKey:
    if identifier.isdigit():
        # Only build metadata may have leading zeros.
        digits = identifier.lstrip("0") or "0"
        return (0, len(digits), digits)
    return (1, 0, identifier)


def _prerelease_key(pre: str) -> tuple[int, tuple[IdentifierKey, ...]]:
    return (int(not pre), _identifier_keys(pre))


def _bounded(digits: str) -> int:
    number = int(digits)
    if number > MAX_NUMBER:
        raise InvalidVersion(f"`{digits}` is more than {MAX_NUMBER}")
    return number
