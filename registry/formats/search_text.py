"""Texts of crates and of those who search -> plain words, alike on every database.

What a full-text parser would make of paths, numbers or accents differs from one database to the
next; words of letters and digits alone do not, and hold nothing that could be taken for syntax.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from registry.formats.names import canonical

MAX_TEXT_LENGTH = 200
MAX_WORDS = 8
# A word that is longer is not looked for; PostgreSQL takes 2046 bytes.
MAX_WORD_LENGTH = 64
MAX_README_LENGTH = 4000
# What is read of a readme, or a hostile one of nothing but signs would be looked through whole.
MAX_README_READ = 4 * MAX_README_LENGTH
# Substrings are found by three letters at a time.
GRAM = 3
# Two slips spoil eight of them at most, and each costs a look at every name.
MAX_GRAMS = 12

_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"[a-z0-9_]+")
_STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further
    had has have having he her here hers him his how i if in into is it its itself just me more
    most my no nor not now of off on once only or other our ours out over own same she should so
    some such than that the their theirs them then there these they this those through to too
    under until up very was we were what when where which while who whom why will with would you
    your yours
    """.split()
)


@dataclass(frozen=True, slots=True)
class SearchWords:
    """What one crate is found by: words with a space between, none of them without meaning.

    `name` has two spaces around each word, so that ` ab` is where a word begins with `ab`.
    """

    name: str
    keywords: str
    description: str
    readme: str


@dataclass(frozen=True, slots=True)
class SearchText:
    """What somebody looks for; `name` is the crate name that it would be, in canonical form."""

    name: str
    words: tuple[str, ...]


def search_words(
    *, name: str, keywords: Sequence[str], description: str, readme: str
) -> SearchWords:
    beginning = " ".join(_meaningful(readme[:MAX_README_READ]))
    return SearchWords(
        name=spaced(name),
        keywords=" ".join(_words(" ".join(keywords))),
        description=" ".join(_meaningful(description)),
        readme=beginning[:MAX_README_LENGTH],
    )


def search_text(text: str) -> SearchText:
    """`words` is empty where there is nothing to look for."""
    text = text[:MAX_TEXT_LENGTH]
    typed = canonical("_".join(text.split()))
    words = [word for word in _words(text) if len(word) <= MAX_WORD_LENGTH]
    # Of nothing but stop words, a crate may be named all the same.
    wanted = [word for word in words if word not in _STOP_WORDS] or words
    return SearchText(
        name=typed if _NAME.fullmatch(typed) else "_".join(words),
        words=tuple(dict.fromkeys(wanted))[:MAX_WORDS],
    )


def spaced(name: str) -> str:
    """As it stands in `SearchWords.name`."""
    return "".join(f"  {word}  " for word in _words(name))


def part_of_name(word: str) -> str:
    """As it occurs in `SearchWords.name`: short ones only where a word of the name begins."""
    return word.rjust(GRAM)


def grams(name: str) -> list[str]:
    """Pieces of three letters from all over a name, by which similar ones are found."""
    text = spaced(name)
    pieces = (text[at : at + GRAM] for at in range(len(text) - GRAM + 1))
    # What is mostly space is in too many names to tell them apart.
    telling = list(dict.fromkeys(piece for piece in pieces if "  " not in piece))
    return telling[:: -(-len(telling) // MAX_GRAMS) or 1]


def edits(left: str, right: str, *, limit: int) -> int:
    """Letters to add, drop, change or swap with their neighbour; `limit` + 1 stands for more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def _words(text: str) -> list[str]:
    plain = text.casefold()
    if not plain.isascii():
        split = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in split if not unicodedata.combining(c))
    return _WORD.findall(plain)


def _meaningful(text: str) -> list[str]:
    return [
        word for word in _words(text) if word not in _STOP_WORDS and len(word) <= MAX_WORD_LENGTH
    ]
