"""What a dependency's `target` may say: a platform's name, or a cfg() expression."""

import re
from collections.abc import Callable

from registry.formats.errors import FormatError, shown

MAX_PLATFORM_LENGTH = 4096
MAX_DEPTH = 32

_TRIPLE = re.compile(r"[A-Za-z0-9_.-]+")
_NAME = re.compile(r"(?:r#)?[A-Za-z_]\w*", re.ASCII)
_TOKEN = re.compile(r'\s*(?:([(),=])|("[^"\0]*")|((?:r#)?[A-Za-z_]\w*)|(\S))', re.ASCII)


class InvalidPlatform(FormatError):
    """Not a platform; cargo would refuse the whole index entry because of it."""


def normal_platform(text: str) -> str:
    """The platform with cargo's spacing: `cfg(all(unix,a="b"))` -> `cfg(all(unix, a = "b"))`.

    Raises InvalidPlatform.
    """
    if len(text) <= MAX_PLATFORM_LENGTH:
        if text.startswith("cfg(") and text.endswith(")"):
            return f"cfg({_Expression(text).normal()})"
        if _TRIPLE.fullmatch(text):
            return text
    raise InvalidPlatform(f"`{shown(text)}` is not a target triple or a cfg() expression")


class _Expression:
    """Recursive descent over the tokens between `cfg(` and the last `)`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [match.group().strip() for match in _TOKEN.finditer(text[4:-1])]
        self.at = 0

    def normal(self) -> str:
        normal = self._expression(0)
        if self.at != len(self.tokens):
            raise self._error()
        return normal

    def _expression(self, depth: int) -> str:
        name = self._take(_is_name)
        if name in ("all", "any", "not") and self._next() == "(":
            arguments = self._arguments(depth + 1)
            if name == "not" and len(arguments) != 1:
                raise self._error()
            return f"{name}({', '.join(arguments)})"
        if self._next() == "=":
            self.at += 1
            return f"{name} = {self._take(_is_string)}"
        return name

    def _arguments(self, depth: int) -> list[str]:
        if depth > MAX_DEPTH:
            raise self._error()
        self.at += 1
        arguments: list[str] = []
        while self._next() != ")":
            arguments.append(self._expression(depth))
            if self._next() != ",":
                break
            self.at += 1
        self._take(")".__eq__)
        return arguments

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, fits: Callable[[str], bool]) -> str:
        token = self._next()
        if not fits(token):
            raise self._error()
        self.at += 1
        return token

    def _error(self) -> InvalidPlatform:
        return InvalidPlatform(f"`{shown(self.text)}` is not a cfg() expression that cargo reads")


def _is_name(token: str) -> bool:
    return _NAME.fullmatch(token) is not None


def _is_string(token: str) -> bool:
    return token.startswith('"') and len(token) > 1
