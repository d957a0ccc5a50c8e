"""Tells the demo step by step, in words for somebody who sees all of this for the first time."""

import os
import shutil
import textwrap
from typing import TextIO

MAX_WIDTH = 96
SHOWN_OF_A_SECRET = 10
_BOLD, _DIM, _PLAIN = "\033[1m", "\033[2m", "\033[0m"


def mask(secret: str) -> str:
    """The beginning, by which a token can be recognised but not used."""
    return f"{secret[:SHOWN_OF_A_SECRET]}…"


class Story:
    """Writes numbered steps; a secret that it was told about only ever appears masked."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._step = 0
        self._secrets: list[str] = []
        self._styled = out.isatty() and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size((MAX_WIDTH, 24)).columns, MAX_WIDTH)

    def keep_secret(self, text: str) -> str:
        """From now on `text` is masked wherever it would appear; returns how it is shown."""
        self._secrets.append(text)
        return mask(text)

    def title(self, text: str, explanation: str) -> None:
        self._write(self._style(_BOLD, text))
        self._paragraph(explanation, "")

    def step(self, title: str, explanation: str) -> None:
        """`explanation` says what the thing is, for those who do not know it."""
        self._step += 1
        self._write("")
        self._write(self._style(_BOLD, f"{self._step}. {title}"))
        self._paragraph(explanation, "   ")

    def fact(self, text: str) -> None:
        """One thing that has just happened."""
        self._paragraph(text, "   - ", "     ")

    def command(self, command: str, output: str) -> None:
        """What was typed, unbroken so that it can be copied, and what came back."""
        self._write(f"   $ {command}")
        self.output(output)

    def output(self, text: str) -> None:
        """The words of a program."""
        for line in text.splitlines():
            self._write(self._style(_DIM, f"     {line}"))

    def quote(self, introduction: str, text: str) -> None:
        """The words of the registry."""
        self._paragraph(f"{introduction}“{text}”", "     ")

    def note(self, text: str = "") -> None:
        """A line of its own, such as an address; never broken."""
        self._write(text)

    def masked(self, text: str) -> str:
        """The text as it may be shown."""
        for secret in self._secrets:
            text = text.replace(secret, mask(secret))
        return text

    def _paragraph(self, text: str, first: str, then: str | None = None) -> None:
        wrapper = textwrap.TextWrapper(
            width=self._width,
            initial_indent=first,
            subsequent_indent=first if then is None else then,
            # An address or a token would no longer be one.
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._write(wrapper.fill(self.masked(text)))

    def _write(self, text: str) -> None:
        self._out.write(f"{self.masked(text)}\n")
        # Whoever reads through a pipe wants to follow along.
        self._out.flush()

    def _style(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._styled else text
