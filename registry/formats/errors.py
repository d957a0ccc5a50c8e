"""What every reader of this folder raises when its input is not well formed."""

SHOWN_CHARACTERS = 100


class FormatError(ValueError):
    """The text is a sentence for whoever sent the input."""


class TooLarge(FormatError):
    """The input may be well formed, but it is over a limit (HTTP 413)."""


def shown(text: str) -> str:
    """Short and printable: the text comes from a stranger and goes into an answer."""
    short = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
