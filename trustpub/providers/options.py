"""What an operator may set on one issuer row, and how it is checked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Values by name, as they are stored on the row.
Options = Mapping[str, object]

_DAY = 24 * 60  # minutes
_TEXT = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidOption(ValueError):
    """An option that is unknown, missing or wrong; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class OptionRule:
    """One option: `problem` gives the complaint about a value, or None."""

    name: str
    help: str
    problem: Callable[[object], str | None]
    required: bool = False


def must_be_true(value: object) -> str | None:
    """For a risk that somebody has to accept in so many words."""
    return None if value is True else "must be true"


def must_be_text(value: object) -> str | None:
    if isinstance(value, str) and _TEXT.fullmatch(value):
        return None
    return "must be a text of at most 255 characters without blanks"


def must_be_flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def must_be_minutes(value: object) -> str | None:
    if type(value) is int and 1 <= value <= _DAY:
        return None
    return f"must be a whole number of minutes from 1 to {_DAY}"


def must_be_claims(value: object) -> str | None:
    """A list of claim names."""
    if isinstance(value, list) and value and all(must_be_text(name) is None for name in value):
        return (
            None if len(set(value)) == len(value) <= 20 else "must name 1 to 20 claims, each once"
        )
    return "must be a list of claim names"


COMMON_OPTIONS = (
    OptionRule(
        "max_lifetime_minutes",
        "refuse ID tokens that live longer than this",
        must_be_minutes,
    ),
)
FIXED_AUDIENCE = OptionRule(
    "accept_fixed_audience",
    "true: accept that its jobs cannot choose the audience, so that whoever else gets a token "
    "can use it here",
    must_be_true,
    required=True,
)


def checked_options(rules: tuple[OptionRule, ...], given: Options) -> dict[str, object]:
    """The options if all of them are known, there and right. Raises InvalidOption."""
    known = {rule.name: rule for rule in rules}
    for name, value in given.items():
        if name not in known:
            listed = ", ".join(known)
            raise InvalidOption(f"there is no option {name[:60]!r}; there are: {listed}")
        if problem := known[name].problem(value):
            raise InvalidOption(f"the option {name} {problem}")
    for rule in rules:
        if rule.required and rule.name not in given:
            raise InvalidOption(f"the option {rule.name} is required ({rule.help})")
    return dict(given)
