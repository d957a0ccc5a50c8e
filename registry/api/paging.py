"""The two ways through a list, by number and by seeking (crates-io-api reference, 0.6).

Seeking continues behind the last row that was shown, so rows that come in between move nothing.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from accounts.errors import InvalidInput

DEFAULT_PER_PAGE = 10
MAX_PER_PAGE = 100
# What a database has to count off before it answers; for lists of crates.
MAX_PAGE = 200
MAX_SEEK_LENGTH = 1000
MAX_INTEGER = 2**63 - 1

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of an order; the last of an order must be unique."""

    field: str
    kind: type[str] | type[int] | type[datetime]
    descending: bool = False

    @property
    def order(self) -> str:
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True, slots=True)
class PageOf:
    """Pages count from 1."""

    page: int
    per_page: int

    @property
    def start(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def stop(self) -> int:
        return self.page * self.per_page


@dataclass(frozen=True, slots=True)
class SeekPage:
    """The rows of one page, and the query string of the next."""

    rows: list[Any]
    next_page: str | None


def page_of(request: Request, *, max_page: int | None = None) -> PageOf:
    """For lists by number; raises InvalidInput."""
    _reject_both(request)
    if "seek" in request.query_params:
        raise InvalidInput("?seek= is not supported for this request")
    page = _positive(request, "page", 1)
    if max_page is not None and page > max_page:
        raise InvalidInput(
            f"Page {page} is unavailable for performance reasons, the last one is {max_page}; "
            "narrow the search instead"
        )
    return PageOf(page, per_page_of(request))


def per_page_of(request: Request) -> int:
    """Raises InvalidInput."""
    per_page = _positive(request, "per_page", DEFAULT_PER_PAGE)
    if per_page > MAX_PER_PAGE:
        raise InvalidInput(f"cannot request more than {MAX_PER_PAGE} items")
    return per_page


def reject_page(request: Request) -> None:
    """For lists that only seek; raises InvalidInput."""
    _reject_both(request)
    if "page" in request.query_params:
        raise InvalidInput("?page= is not supported for this request")


def seek_through(
    request: Request, rows: QuerySet[Row], keys: Sequence[SortKey], *, look_ahead: bool = False
) -> SeekPage:
    """One page of the rows in the order of the keys; raises InvalidInput.

    Without `look_ahead` a full last page leads on to an empty one, as on crates.io's public lists.
    """
    reject_page(request)
    per_page = per_page_of(request)
    values = seek_values(request, [key.kind for key in keys])
    if values is not None:
        rows = rows.filter(_behind(keys, values))
    found = list(rows.order_by(*(key.order for key in keys))[: per_page + look_ahead])
    shown = found[:per_page]
    if len(found) < per_page + look_ahead:
        return SeekPage(shown, None)
    return SeekPage(shown, seek_link(request, [getattr(shown[-1], key.field) for key in keys]))


def seek_values(
    request: Request, kinds: Sequence[type[str] | type[int] | type[datetime]]
) -> list[Any] | None:
    """Where the page before ended; None for the first page. Raises InvalidInput."""
    text = request.query_params.get("seek")
    if text is None:
        return None
    try:
        values = _decoded(text)
        if len(values) != len(kinds):
            raise ValueError(values)
        return [_read(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, RecursionError, binascii.Error):
        raise InvalidInput("invalid seek parameter") from None


def seek_link(request: Request, values: Sequence[Any]) -> str:
    """The query string that continues behind a row with these values."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps(plain, separators=(",", ":")).encode()
    return _link(request, "seek", base64.urlsafe_b64encode(text).decode().rstrip("="))


def page_links(request: Request, page: PageOf, total: int) -> dict[str, str | None]:
    """`next_page` and `prev_page` of `meta`."""
    return {
        "next_page": _link(request, "page", str(page.page + 1)) if page.stop < total else None,
        "prev_page": _link(request, "page", str(page.page - 1)) if page.page > 1 else None,
    }


def _link(request: Request, name: str, value: str) -> str:
    query = request.query_params.copy()
    query[name] = value
    return "?" + urlencode([(key, text) for key, texts in query.lists() for text in texts])


def _behind(keys: Sequence[SortKey], values: Sequence[Any]) -> Q:
    condition, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        condition |= same & Q(**{f"{key.field}__{'lt' if key.descending else 'gt'}": value})
        same &= Q(**{key.field: value})
    return condition


def _decoded(text: str) -> list[Any]:
    if not text.isascii() or len(text) > MAX_SEEK_LENGTH:
        raise ValueError(text)
    padded = text + "=" * (-len(text) % 4)
    values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(values, list):
        raise ValueError(values)
    return values


def _read(value: object, kind: type[str] | type[int] | type[datetime]) -> object:
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        # Years at the ends leave the calendar when they are turned into UTC.
        is_good = moment.tzinfo is not None and 1 < moment.year < 9999
        value = moment
    elif kind is int:
        is_good = type(value) is int and abs(value) <= MAX_INTEGER
    else:
        is_good = kind is str and isinstance(value, str) and value.isprintable()
    if not is_good:
        raise ValueError(value)
    return value


def _reject_both(request: Request) -> None:
    if "page" in request.query_params and "seek" in request.query_params:
        raise InvalidInput("providing both ?page= and ?seek= is unsupported")


def _positive(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise InvalidInput(
            f"Failed to deserialize query string: {name}: must be a whole number from 1"
        )
    return int(text)
