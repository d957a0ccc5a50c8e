"""Finds this installation's tokens in bytes that stream past, with little memory; pure."""

import re
from dataclasses import dataclass, field

from accounts.token_text import CHECK_LENGTH, SECRET_LENGTH, TokenKind, kind_of

# Bounds on work that an upload could cause: whoever packs more than so many tokens, false tokens
# or beginnings of tokens hides a real one from nobody but themselves.
MOST_FOUND = 100
MOST_TRIED = 20_000
MOST_STARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundToken:
    """`offset` counts from the first byte that was fed."""

    text: str = field(repr=False)
    offset: int


class TokenSearch:
    """Feed pieces in order; `found` holds what has the form and the check sum of a token."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._start = f"{prefix}_".encode()
        kinds = "|".join(kind for kind in TokenKind if kind)
        length = SECRET_LENGTH + CHECK_LENGTH
        # Looks ahead, so that one token may begin within what looks like another.
        pattern = rf"(?={re.escape(prefix)}_((?:{kinds})?[0-9A-Za-z]{{{length}}}))"
        self._pattern = re.compile(pattern.encode())
        self._keep = len(self._start) + max(map(len, TokenKind)) + length - 1
        self._tail = b""
        self._before = 0  # bytes that came before the tail
        self._starts = self._tried = 0
        self.found: list[FoundToken] = []

    def feed(self, piece: bytes) -> None:
        data = self._tail + piece
        # Nearly every piece ends here, at the speed of a search for fixed bytes.
        if self._start in data:
            self._starts += data.count(self._start)
            if self._starts < MOST_STARTS and self._tried < MOST_TRIED:
                self._take(data)
        kept = min(self._keep, len(data))
        self._tail = data[len(data) - kept :]
        self._before += len(data) - kept

    def _take(self, data: bytes) -> None:
        for match in self._pattern.finditer(data):
            self._tried += 1
            text = f"{self._prefix}_{match[1].decode()}"
            offset = self._before + match.start()
            # What lies whole in the tail is seen again with the next piece.
            is_new = all(token.offset != offset for token in self.found)
            is_token = kind_of(text, self._prefix) is not None
            if is_new and is_token and len(self.found) < MOST_FOUND:
                self.found.append(FoundToken(text, offset))
