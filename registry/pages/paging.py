"""Pages of a list: which one was asked for, and the addresses of those around it."""

from dataclasses import dataclass

from django.http import HttpRequest

MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Paging:
    """`previous` and `next` are query strings, empty where there is no such page."""

    number: int
    count: int
    previous: str
    next: str


def page_number(request: HttpRequest) -> int:
    """From 1; whatever is not a page number counts as the first."""
    text = request.GET.get("page", "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE))):
        return 1
    return min(max(int(text), 1), MAX_PAGE)


def paging(request: HttpRequest, *, total: int, per_page: int) -> Paging:
    """For a list of `total` entries; the links keep everything else that was asked for."""
    number = page_number(request)
    count = max(1, -(-total // per_page))
    return Paging(
        number=number,
        count=count,
        previous=_query(request, min(number - 1, count)) if number > 1 else "",
        next=_query(request, number + 1) if number < count else "",
    )


def _query(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"
