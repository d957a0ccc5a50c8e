"""Makes, recognises and digests token strings (trusted-publishing reference, d.2); pure."""

import hashlib
import secrets
import string
import zlib
from enum import StrEnum

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH = 40  # about 238 bits
CHECK_LENGTH = 6  # 62**6 > 2**32
LETTER_LENGTH = 26  # about 154 bits
# Bytes as letters; the last of them would make some letters likelier than others.
_AS_LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
_UNFAIR = bytes(range(256 - 256 % len(ALPHABET), 256))


class TokenKind(StrEnum):
    """The part after the installation's prefix."""

    API = ""
    PUBLISH = "tp_"


def new_token(prefix: str, kind: TokenKind) -> str:
    """A fresh token: `prefix_`, the kind, 40 random letters and digits, 6 check characters."""
    body = f"{prefix}_{kind}{_random(SECRET_LENGTH)}"
    return body + _check(body)


def kind_of(text: str, prefix: str) -> TokenKind | None:
    """What kind of token the text is by form and check sum; None for anything else."""
    for kind in (TokenKind.PUBLISH, TokenKind.API):
        start = f"{prefix}_{kind}"
        if text.startswith(start) and len(text) == len(start) + SECRET_LENGTH + CHECK_LENGTH:
            body, check = text[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
            if text.isascii() and text[len(start) :].isalnum() and _check(body) == check:
                return kind
    return None


def new_letter_token() -> str:
    """What the link of a letter proves; it lies in the letter and nowhere else."""
    return _random(LETTER_LENGTH)


def digest(text: str) -> str:
    """The only form in which a token is stored: SHA-256 of the whole text, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(body: str) -> str:
    return _in_alphabet(zlib.crc32(body.encode()), CHECK_LENGTH)


def _random(length: int) -> str:
    letters = b""
    while len(letters) < length:
        letters += secrets.token_bytes(2 * length).translate(_AS_LETTERS, _UNFAIR)
    return letters[:length].decode()


def _in_alphabet(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))
