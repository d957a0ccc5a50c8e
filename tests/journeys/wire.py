"""Requests as programs send them, on a real socket; no redirect is followed."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from tests.factories.archives import build_crate, build_frame, metadata_for

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        """The sentence of an error answer."""
        return str(self.json["errors"][0]["detail"])

    @property
    def code(self) -> str:
        return str(self.json["errors"][0]["code"])


def ask(
    method: str,
    address: str,
    *,
    token: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own; `token` goes bare into Authorization, as cargo's."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = token
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def post_json(address: str, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    sent = {"Content-Type": "application/json", **(headers or {})}
    return ask("POST", address, body=json.dumps(document).encode(), headers=sent)


def upload(registry: str, token: str, frame: bytes) -> Answer:
    """The publish request, without anything of cargo."""
    return ask("PUT", f"{registry}/api/v1/crates/new", token=token, body=frame)


def upload_plain(registry: str, token: str, name: str, version: str = "0.1.0") -> Answer:
    """Publishes a crate that needs nothing."""
    frame = build_frame(metadata_for(name, version), build_crate(name, version))
    return upload(registry, token, frame)


def index_lines(registry: str, path: str, token: str | None = None) -> list[dict[str, Any]]:
    """The lines of an index file such as `ab/cd/abcdef`; none where there is no file."""
    answer = ask("GET", f"{registry}/index/{path}", token=token)
    if answer.status == http.HTTPStatus.NOT_FOUND:
        return []
    assert answer.status == http.HTTPStatus.OK, answer
    return [json.loads(line) for line in answer.body.splitlines()]
