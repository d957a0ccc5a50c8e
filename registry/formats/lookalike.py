"""How much a new crate's name looks like one that people know; pure.

The rules of crates.io (its reference, 7.8) and a distance, each with a score: how likely it is that
somebody who means the one gets the other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from registry.formats.names import canonical

# What names of friends begin or end with as often as those of impostors.
AFFIXES = frozenset({"api", "cargo", "cli", "core", "lib", "rs", "rust", "sys"})
# Drawn alike; the left side is read as the right one.
ALIKE = (
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("5", "s"),
    ("3", "e"),
    ("8", "b"),
    ("2", "z"),
)
# In shorter names one letter makes another word.
LETTERS_FOR_ONE_SLIP = 4
LETTERS_FOR_TWO_SLIPS = 8
_DIGITS = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True)
class Likeness:
    """0 is like nothing, 100 as good as the same."""

    score: int
    other: str
    why: str


NONE = Likeness(0, "", "")


def most_alike(name: str, known: Iterable[str]) -> Likeness:
    """The strongest likeness; of equal ones the first, so let the best known come first."""
    return max((likeness(name, other) for other in known), key=lambda one: one.score, default=NONE)


def likeness(name: str, other: str) -> Likeness:
    """By the strongest rule that fits."""
    one, two = canonical(name), canonical(other)
    if one == two:
        return NONE
    parts, known = one.split("_"), two.split("_")
    if "".join(parts) == "".join(known):
        return Likeness(95, other, "differs in separators alone")
    if len(parts) > 1 and sorted(parts) == sorted(known):
        return Likeness(95, other, "has the same parts in another order")
    if _drawn(one) == _drawn(two):
        return Likeness(95, other, "is drawn alike")
    if (slips := _slips(one, two)) is not None:
        what = "one slip" if slips == 1 else "two slips"
        return Likeness(90 if slips == 1 else 75, other, f"is {what} of the keyboard away")
    if _DIGITS.sub("", one).rstrip("_") == _DIGITS.sub("", two).rstrip("_"):
        return Likeness(70, other, "differs in a number at the end")
    if _bare(parts) == _bare(known):
        return Likeness(60, other, "differs in what is put before or after it")
    return NONE


def _drawn(text: str) -> str:
    for seen, read in ALIKE:
        text = text.replace(seen, read)
    return text


def _slips(one: str, two: str) -> int | None:
    """A letter left out, added, taken for another, or two swapped; None for more than that."""
    shorter = min(len(one), len(two))
    most = 2 if shorter >= LETTERS_FOR_TWO_SLIPS else 1 if shorter >= LETTERS_FOR_ONE_SLIP else 0
    slips = OSA.distance(one, two, score_cutoff=most)
    if slips > most:
        return None
    # A number is a rule of its own.
    return None if _DIGITS.sub("", one) == _DIGITS.sub("", two) else slips


def _bare(parts: list[str]) -> str:
    """The parts without affixes, also those that are written together with the name."""
    left = [part for part in parts if part not in AFFIXES] or parts
    whole = "".join(left)
    for affix in sorted(AFFIXES):
        for bare in (whole.removeprefix(affix), whole.removesuffix(affix)):
            if len(bare) >= LETTERS_FOR_ONE_SLIP:
                whole = min(whole, bare, key=len)
    return whole
