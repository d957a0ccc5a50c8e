"""GET /api/v1/crates/{name}/versions (crates-io-api reference, 1.2)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput
from registry.api.describe import BY_SEEKING, operation, query
from registry.api.paging import per_page_of, reject_page, seek_link, seek_values
from registry.api.rendered import Answer, kept_answer
from registry.api.rendering import version_json
from registry.api.requests import is_plain_read, query_text, query_texts
from registry.api.shapes import VersionShape, VersionsMetaShape, answer
from registry.formats.errors import FormatError
from registry.formats.semver import Version as Semver
from registry.models import Crate
from registry.queries.lookup import crate_named
from registry.queries.version_order import (
    Place,
    latest_first,
    places_of,
    release_tracks,
    versions_at,
)


class VersionList(APIView):
    """All versions at once, unless the caller says how many."""

    @operation(
        "list_versions",
        "versions",
        "List the versions of a crate",
        parameters=[
            query("include", str, "release_tracks"),
            query("sort", str, "semver or date, highest or latest first"),
            query("nums[]", str, "only these numbers", many=True),
            *BY_SEEKING,
        ],
        answer=answer("ListVersions", versions=VersionShape(many=True), meta=VersionsMetaShape()),
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(_versions(request, crate_named(name)).body)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who only reads gets what was rendered before, if it still holds."""
        return quickly(request, kwargs["name"]) or super().dispatch(request, *args, **kwargs)


def quickly(request: HttpRequest, name: str) -> HttpResponseBase | None:
    """None where the usual way knows better what to say."""
    if not is_plain_read(request, with_query=True):
        return None
    return kept_answer(request, name, _versions)


def _versions(request: Request, crate: Crate) -> Answer:
    """Raises InvalidInput."""
    with_tracks = _wants_tracks(request)
    reject_page(request)
    by_date = (query_text(request, "sort") or "").lower() == "date"
    places = places_of(crate, query_texts(request, "nums[]"))
    ordered = latest_first(places) if by_date else places
    shown, next_page = ordered, None
    if "per_page" in request.query_params:
        shown, next_page = _page(request, ordered, by_date=by_date)
    meta: dict[str, object] = {"total": len(ordered), "next_page": next_page}
    if with_tracks:
        meta["release_tracks"] = release_tracks(places)
    versions = versions_at(shown)
    shapes = [version_json(version) for version in versions]
    return Answer({"versions": shapes, "meta": meta}, versions)


def _page(
    request: Request, ordered: list[Place], *, by_date: bool
) -> tuple[list[Place], str | None]:
    per_page = per_page_of(request)
    values = seek_values(request, [datetime if by_date else str, int])
    if values is not None and by_date:
        ordered = [p for p in ordered if (p.created_at, p.pk) < (values[0], values[1])]
    elif values is not None:
        end = (_number(values[0]), values[1])
        ordered = [place for place in ordered if (place.number, place.pk) < end]
    shown = ordered[:per_page]
    if len(shown) < per_page:
        return shown, None
    last = shown[-1]
    key = last.created_at if by_date else last.number.text
    return shown, seek_link(request, [key, last.pk])


def _number(text: str) -> Semver:
    try:
        return Semver.parse(text)
    except FormatError:
        raise InvalidInput("invalid seek parameter") from None


def _wants_tracks(request: Request) -> bool:
    wanted = {part for part in (query_text(request, "include") or "").split(",") if part}
    if wanted - {"release_tracks"}:
        raise InvalidInput("invalid component for ?include= (expected 'release_tracks')")
    return bool(wanted)
