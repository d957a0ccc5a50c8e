"""Makes text from strangers fit for a page: nothing in it steers the reader."""

import re

MAX_LENGTH = 300

# Bidirectional marks, embeddings, overrides and isolates (Unicode Standard Annex 9, 2), and control
# characters but for tab and line feed.
_STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str, max_length: int = MAX_LENGTH) -> str:
    """For names and values: control, bidirectional and zero-width marks become visible escapes.

    Spaces other than the common one are spelled out too, since they make two values look alike.
    """
    short = text if len(text) <= max_length else f"{text[: max_length - 1]}…"
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in short
    )


def without_steering(text: str) -> str:
    """For sentences, in any script: line feeds and joiners stay."""
    return _STEERING.sub("", text)
