"""Requests over loopback, answered with status and body whatever they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from demo.errors import DemoFailed

TIMEOUT_SECONDS = 30
USER_AGENT = "waybill-demo (built-in client)"
# Loopback is never behind a proxy, whatever the environment says.
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> dict[str, Any]:
        """Raises DemoFailed for anything but an object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DemoFailed(f"an answer with status {self.status} is not a JSON object", self.text)
        return found


class RegistryRefused(Exception):
    """The registry said no; `words` are its own."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"the registry answered {status}: {words}")
        self.status = status
        self.words = words


def ask(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Raises DemoFailed when nobody answers."""
    request = Request(url, body, {"User-Agent": USER_AGENT, **(headers or {})}, method=method)
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
            return Answer(response.status, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.read())
    except (URLError, OSError) as error:
        raise DemoFailed(f"{url} does not answer ({getattr(error, 'reason', error)})") from None


def accepted(answer: Answer) -> Answer:
    """The same answer if it is a yes; raises RegistryRefused with the registry's words."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return answer
    errors = answer.json().get("errors") or [{}]
    raise RegistryRefused(answer.status, str(errors[0].get("detail", answer.text)))
