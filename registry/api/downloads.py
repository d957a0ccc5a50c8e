"""Downloads of a crate and of a version day by day (crates-io-api reference, 1.2 and 1.3)."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput
from registry.api.describe import operation, query
from registry.api.rendering import version_json
from registry.api.requests import version_of
from registry.api.shapes import ExtraDownloadShape, VersionDownloadShape, VersionShape, answer
from registry.models import Crate, VersionDownload
from registry.queries.downloads import crate_downloads, version_downloads
from registry.queries.lookup import crate_named

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CrateDownloads(APIView):
    @operation(
        "get_crate_downloads",
        "crates",
        "Read the downloads of a crate day by day",
        parameters=[query("include", str, "versions")],
        answer=answer(
            "CrateDownloads",
            version_downloads=VersionDownloadShape(many=True),
            versions=VersionShape(
                many=True, required=False, help_text="only with `include=versions`"
            ),
            meta=answer("CrateDownloadsMeta", extra_downloads=ExtraDownloadShape(many=True)),
        ),
    )
    def get(self, request: Request, name: str) -> Response:
        with_versions = _includes_versions(request.query_params.get("include", ""))
        crate = crate_named(name)
        found = crate_downloads(crate)
        answer: dict[str, Any] = {
            "version_downloads": _rendered(found.by_version),
            "meta": {
                "extra_downloads": [
                    {"date": day.isoformat(), "downloads": count} for day, count in found.others
                ]
            },
        }
        if with_versions:
            answer["versions"] = _versions(crate, found.highest)
        return Response(answer)


class VersionDownloads(APIView):
    @operation(
        "get_version_downloads",
        "versions",
        "Read the downloads of a version day by day",
        parameters=[query("before_date", OpenApiTypes.DATE, "the last of 90 days")],
        answer=answer("VersionDownloads", version_downloads=VersionDownloadShape(many=True)),
    )
    def get(self, request: Request, name: str, num: str) -> Response:
        until = _date(request.query_params.get("before_date"))
        version = version_of(name, num)
        return Response({"version_downloads": _rendered(version_downloads(version, until))})


def _includes_versions(text: str) -> bool:
    wanted = {part for part in text.split(",") if part}
    if wanted - {"versions"}:
        raise InvalidInput("invalid component for ?include= (expected 'versions')")
    return bool(wanted)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        # Python would also read a week, as 2026-W47-5.
        if not _DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "Failed to deserialize query string: before_date: must be a date as YYYY-MM-DD"
        ) from None


def _versions(crate: Crate, ids: list[int]) -> list[dict[str, Any]]:
    by_id = {row.pk: row for row in crate.versions.for_rendering().filter(pk__in=ids)}
    # A version that was deleted in this moment is left out.
    return [version_json(by_id[number]) for number in ids if number in by_id]


def _rendered(rows: Iterable[VersionDownload]) -> list[dict[str, Any]]:
    return [
        {"version": row.version_id, "downloads": row.downloads, "date": row.date.isoformat()}
        for row in rows
    ]
