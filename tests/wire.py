"""Speaks with the API as cargo, CI jobs and strangers do, through Django's test client."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from accounts.models import AuditEvent
from registry.models import (
    Crate,
    Dependency,
    IndexChange,
    Invitation,
    Ownership,
    Provenance,
    SearchDocument,
    Version,
    VersionAction,
)
from tests.contract import problems_of
from tests.factories.archives import build_crate, build_frame, metadata_for

NEW = "/api/v1/crates/new"
TABLES = (
    Crate,
    Version,
    Dependency,
    Provenance,
    Ownership,
    Invitation,
    VersionAction,
    IndexChange,
    SearchDocument,
    AuditEvent,
)


def publish(
    token: str | None,
    name: str = "demo-crate",
    version: str = "0.1.0",
    *,
    crate: bytes | None = None,
    metadata: Mapping[str, object] | None = None,
    **archive: Any,
) -> Any:
    """The answer to a publish; `archive` goes to `build_crate`."""
    sent = metadata_for(name, version) if metadata is None else metadata
    packed = build_crate(name, version, **archive) if crate is None else crate
    return put_frame(token, build_frame(sent, packed))


def put_frame(token: str | None, body: bytes, **headers: Any) -> Any:
    return send("PUT", NEW, token, body, content_type="application/octet-stream", **headers)


def send(
    method: str,
    path: str,
    token: str | None = None,
    body: object = b"",
    *,
    content_type: str = "application/json",
    client: Client | None = None,
    **headers: str,
) -> Any:
    """One request; a 500 is an answer here, as it is for a real client.

    Every answer of the API is as the OpenAPI document describes it.
    """
    if token is not None:
        headers["Authorization"] = token
    caller = client or Client(raise_request_exception=False)
    answer = caller.generic(method, path, _bytes(body), content_type, headers=headers)
    assert problems_of(method, path, answer) == []
    return answer


def refusal(answer: Any, status: int) -> dict[str, Any]:
    """The one error of a refused request, in the shape that every client reads."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert list(body) == ["errors"]
    [error] = body["errors"]
    assert error["detail"]
    assert error["code"]
    assert error["request_id"] == answer["X-Request-Id"]
    return dict(error)


@contextmanager
def nothing_happens(*, but: str = "") -> Iterator[None]:
    """No row and no file of a publish, and no audit event, or just one of that name."""
    before, files = _state()
    noted = AuditEvent.objects.filter(name=but)
    before["AuditEvent"] += int(bool(but))
    one_more = noted.count() + int(bool(but))
    yield
    assert _state() == (before, files)
    assert noted.count() == one_more


def stored_files() -> list[str]:
    """Keys of everything that the storage holds, unfinished files included."""
    root = Path(settings.STORAGE_URL.removeprefix("file://"))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def _state() -> tuple[dict[str, int], list[str]]:
    return {table.__name__: table._default_manager.count() for table in TABLES}, stored_files()


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
