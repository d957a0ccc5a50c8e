"""Makes text that came from outside fit to be repeated in an answer or a log line."""

import unicodedata

ECHO_LIMIT = 200  # characters; long enough for any real issuer or reference

# Cc control, Cf format (bidirectional marks, zero width), Cs surrogates, Co private use,
# Cn unassigned, Zl and Zp line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(value: object, limit: int = ECHO_LIMIT) -> str:
    """The text of `value` without characters that steer a terminal, a log or a page."""
    text = str(value)[: limit * 4]
    kept = "".join(mark for mark in text if unicodedata.category(mark) not in _UNPRINTABLE)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
