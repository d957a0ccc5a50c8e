"""Grammar, canonical form and index path of crate names, and the grammar of names like them.

Source: crates-io-api reference, 2.4 and appendix A; cargo-client reference, 3.1.
"""

import re
import string

from registry.formats.errors import FormatError, shown

MAX_NAME_LENGTH = 64
MAX_KEYWORD_BYTES = 20

_WINDOWS_DEVICES = frozenset({"nul", "con", "prn", "aux"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}
# crates.io's list without compiler_builtins: that is a real crate, which a good part of the
# others name as a dependency, so a registry without it could not take them either.
_RUST_NAMES = frozenset(
    """
    alloc arena ast builtins collections compiler_rt compiletest core coretest
    debug driver flate fmt_macros grammar graphviz macro macros proc_macro rbml rust_installer
    rustbook rustc rustc_back rustc_borrowck rustc_driver rustc_llvm rustc_resolve rustc_trans
    rustc_typeck rustdoc rustllvm rustuv serialize std syntax test unicode
    """.split()
)
# Canonical forms of names that nobody may publish.
RESERVED_NAMES: frozenset[str] = _RUST_NAMES | _WINDOWS_DEVICES

# What `index_path` makes of a crate's name, as a pattern; its parts agree with the name in it.
INDEX_PATH = (
    r"(?:1/[a-z]|2/[a-z][a-z0-9_-]|3/(?P<one>[a-z])/(?P=one)[a-z0-9_-]{2}"
    r"|(?P<two>[a-z][a-z0-9_-])/(?P<four>[a-z0-9_-]{2})/(?P=two)(?P=four)[a-z0-9_-]{0,60})"
)

_TO_CANONICAL = str.maketrans(string.ascii_uppercase + "-", string.ascii_lowercase + "_")
_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-_")
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*")


class InvalidName(FormatError):
    """A name that breaks the grammar of its kind."""


class InvalidCrateName(InvalidName):
    """Not a name that a crate can have."""


class InvalidFeature(InvalidName):
    """Not a name of a feature, or not something that a feature can enable."""


class InvalidKeyword(InvalidName):
    """Not a keyword."""


def check_crate_name(text: str) -> None:
    """1-64 ASCII letters, digits, `-`, `_`; the first is a letter. Raises InvalidCrateName."""
    _check_name(text, "crate", first_may_be_underscore=False)


def check_dependency_alias(text: str) -> None:
    """As a crate name, but `_` may come first. Raises InvalidCrateName."""
    _check_name(text, "dependency", first_may_be_underscore=True)


def check_feature_name(text: str) -> None:
    """Raises InvalidFeature."""
    if not text:
        raise InvalidFeature("feature name cannot be empty")
    if not (_starts_identifier(text[0]) or text[0] in string.digits):
        raise InvalidFeature(
            f"invalid character `{shown(text[0])}` in feature `{shown(text)}`, the first "
            "character must be a letter, a digit or `_`"
        )
    for character in text[1:]:
        if not (_continues_identifier(character) or character in "+-."):
            raise InvalidFeature(
                f"invalid character `{shown(character)}` in feature `{shown(text)}`, "
                "characters must be letters, digits, `_`, `-`, `+` or `.`"
            )


def check_feature_value(text: str) -> None:
    """What a feature enables: `feature`, `dep:x`, `x/feature`, `x?/feature`.

    Raises InvalidFeature or InvalidCrateName.
    """
    if text.startswith("dep:"):
        check_dependency_alias(text.removeprefix("dep:"))
        return
    dependency, slash, feature = text.partition("/")
    if slash:
        check_dependency_alias(dependency.removesuffix("?"))
        check_feature_name(feature)
    else:
        check_feature_name(text)


def check_keyword(text: str) -> None:
    """Raises InvalidKeyword."""
    if len(text.encode()) > MAX_KEYWORD_BYTES or not _KEYWORD.fullmatch(text):
        raise InvalidKeyword(
            f'"{shown(text)}" is an invalid keyword: keywords have at most {MAX_KEYWORD_BYTES} '
            "characters, begin with a letter or digit, and go on with letters, digits, `_`, `-` "
            "or `+`"
        )


def canonical(name: str) -> str:
    """Two crates are one if this is equal: lower case, `-` as `_`; other characters stay."""
    return name.translate(_TO_CANONICAL)


def index_path(name: str) -> str:
    """Where cargo looks for a crate: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcdef`."""
    lower = name.lower()
    if len(lower) <= 2:
        return f"{len(lower)}/{lower}"
    if len(lower) == 3:
        return f"3/{lower[0]}/{lower}"
    return f"{lower[:2]}/{lower[2:4]}/{lower}"


def _check_name(text: str, what: str, *, first_may_be_underscore: bool) -> None:
    if not text:
        raise InvalidCrateName(f"{what} name cannot be empty")
    if len(text) > MAX_NAME_LENGTH:
        raise InvalidCrateName(
            f"the {what} name `{shown(text)}` is too long (max {MAX_NAME_LENGTH} characters)"
        )
    first = text[0]
    if first in string.digits:
        raise InvalidCrateName(f"the {what} name `{shown(text)}` cannot start with a digit")
    if first not in string.ascii_letters and not (first == "_" and first_may_be_underscore):
        raise InvalidCrateName(
            f"invalid character `{shown(first)}` in {what} name: `{shown(text)}`, "
            "the first character must be an ASCII letter"
        )
    for character in text:
        if character not in _NAME_CHARACTERS:
            raise InvalidCrateName(
                f"invalid character `{shown(character)}` in {what} name: `{shown(text)}`, "
                "characters must be ASCII letters, digits, `-` or `_`"
            )


def _starts_identifier(character: str) -> bool:
    # Python's identifiers are XID_Start or `_`, then XID_Continue: what cargo asks for, too.
    return character.isidentifier()


def _continues_identifier(character: str) -> bool:
    return f"a{character}".isidentifier()
