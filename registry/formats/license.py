"""SPDX license expressions, read as leniently as crates.io reads them."""

import re
from functools import cache, lru_cache

from license_expression import (  # type: ignore[import-untyped]
    ExpressionError,
    Licensing,
    get_spdx_licensing,
)

from registry.formats.errors import FormatError, shown

MAX_EXPRESSION_LENGTH = 1000

_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
# "Or any later version": SPDX allows it behind every license, the library behind few.
_OR_LATER = re.compile(r"(?<=[A-Za-z0-9])\+(?=[\s()/]|\Z)")
_KNOWN = "MIT"


class InvalidLicense(FormatError):
    """Not an SPDX expression."""


def check_license_expression(text: str) -> None:
    """`/` counts as OR; deprecated identifiers and LicenseRef- are taken. Raises InvalidLicense."""
    reason = f"it has more than {MAX_EXPRESSION_LENGTH} characters"
    if len(text) <= MAX_EXPRESSION_LENGTH:
        plain = _OR_LATER.sub("", _REFERENCE.sub(_KNOWN, text))
        reason = _problem(plain.replace("/", " OR "))
    if reason:
        raise InvalidLicense(
            f"unknown or invalid license expression `{shown(text)}`: {reason}. Use an SPDX "
            "expression such as `MIT OR Apache-2.0` (https://spdx.org/licenses/), or "
            "`license-file` for a license that SPDX does not list"
        )


@lru_cache(maxsize=1000)
def _problem(expression: str) -> str:
    """Empty if there is none; nearly all crates have one of a few licenses."""
    try:
        parsed = _licensing().parse(expression, validate=True, strict=True)
    except ExpressionError as error:
        return shown(str(error))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # The library's own slips on operators without operands.
        return "it does not follow the SPDX grammar"
    return "" if parsed is not None else "it is empty"


@cache
def _licensing() -> Licensing:
    # Some 50 ms, so not at import.
    licensing = get_spdx_licensing()
    # The library would make it at the first question, and hand it to other threads half filled.
    licensing.get_advanced_tokenizer()
    return licensing
