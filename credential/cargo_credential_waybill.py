#!/usr/bin/env python3
"""Lets cargo publish from a CI job to a Waybill registry without any stored secret.

A credential provider of cargo (protocol version 1): at the moment of each upload it asks the CI
system who the job is, and exchanges the answer for a token that publishes that one archive. The
token goes to cargo alone, never into a file, the environment or the log. One file that needs only
Python's standard library; docs/credential-provider.md says how a CI job gets and uses it.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

PROTOCOL = 1
TOKENS_PATH = "/api/v1/trusted_publishing/tokens"
INDEX_ENDING = "/index/"
VARIABLE = "WAYBILL_ID_TOKEN"
USER_AGENT = "cargo-credential-waybill/0.1.0"
SECONDS = 30
MAX_ANSWER_BYTES = 64 * 1024
# How often a fresh ID token is asked for where an exchange got lost on the way.
FRESH_TOKENS = 3
RETRY_AFTER = "Retry-After"
LONGEST_WAIT = 70.0
# Before each attempt, while the registry or the issuer of the ID token cannot be reached.
PAUSES = (0.0, 2.0, 5.0)
# On a registry that anybody can read cargo wants a token before it publishes, and never sends it.
NOT_NEEDED = "no-token-is-needed-to-read"
# What a publish token of a CI job never opens.
DECLINED = {"yank": "yank versions", "unyank": "unyank versions", "owners": "change owners"}


class Failed(Exception):
    """What cargo shows to the person who reads the job's log."""


class Declined(Exception):
    """Not our business; `kind` is the protocol's word for why, and cargo may ask another."""

    def __init__(self, kind: str, why: str = "") -> None:
        super().__init__(why)
        self.kind = kind


class Unavailable(Exception):
    """Nobody answered, or not now; worth another attempt after so many seconds."""

    def __init__(self, why: str, seconds: float = 0.0) -> None:
        super().__init__(why)
        self.seconds = seconds


class Spent(Exception):
    """The ID token was exchanged before."""


@dataclass(frozen=True)
class Granted:
    """`text` is not in the repr, which could end up in a traceback."""

    text: str = field(repr=False)
    expires_at: int


def main() -> int:
    """Answers cargo line by line until it closes our standard input."""
    if "--cargo-plugin" not in sys.argv[1:]:
        sys.stderr.write(f"{__doc__}\n")
        return 0 if {"-h", "--help"} & set(sys.argv[1:]) else 2
    serve(sys.stdin, sys.stdout, sys.stderr, os.environ)
    return 0


def serve(
    source: IO[str],
    target: IO[str],
    log: IO[str],
    variables: Mapping[str, str],
    pauses: tuple[float, ...] = PAUSES,
) -> None:
    """Speaks the protocol: one JSON document a line, ours first."""
    _say(target, {"v": [PROTOCOL]})
    for line in source:
        try:
            answer = {"Ok": _answer(json.loads(line), variables, log, pauses)}
        except Declined as declined:
            if str(declined):
                log.write(f"cargo-credential-waybill: {declined}\n")
            answer = {"Err": {"kind": declined.kind}}
        except (Failed, Unavailable) as failed:
            answer = _other(str(failed))
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without the cause: it would repeat what was sent, and that may hold a secret.
            answer = _other("cargo sent a request that cannot be understood")
        _say(target, answer)


def _answer(
    request: Mapping[str, Any],
    variables: Mapping[str, str],
    log: IO[str],
    pauses: tuple[float, ...],
) -> dict[str, Any]:
    if request["v"] != PROTOCOL:
        raise Failed(f"cargo speaks version {request['v']} of the protocol, and this program 1")
    if request["kind"] != "get":
        raise Declined("operation-not-supported", "there is nothing to log in to or out of")
    operation = request["operation"]
    if operation in DECLINED:
        why = f"the identity of a CI job cannot {DECLINED[operation]}; use an API token"
        raise Declined("not-found", why)
    if operation not in ("publish", "read"):
        raise Declined("operation-not-supported")
    registry = _registry(request)
    exchange = Exchange(registry, variables, pauses)
    if operation == "read":
        return _to_read(registry, exchange)
    bind = {name: str(request[name]) for name in ("name", "vers", "cksum")}
    granted = exchange.token({"bind": bind})
    log.write(
        f"cargo-credential-waybill: may publish {bind['name']}@{bind['vers']} with the SHA-256 "
        f"{bind['cksum']} at {registry}\n"
    )
    return _got(granted.text, {"cache": "never"})


def _to_read(registry: str, exchange: Exchange) -> dict[str, Any]:
    if not _is_private(registry):
        return _got(NOT_NEEDED, {"cache": "session"})
    granted = exchange.token({"scope": "read"})
    return _got(granted.text, {"cache": "expires", "expiration": granted.expires_at})


def _got(token: str, cache: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "get", "token": token, **cache, "operation_independent": False}


def _registry(request: Mapping[str, Any]) -> str:
    """The registry's address; an ID token is meant for it, and sent nowhere else."""
    arguments = request.get("args") or []
    index = request["registry"]["index-url"]
    if arguments:
        option, url = arguments if len(arguments) == 2 else ("", "")
        if option != "--url":
            raise Failed(f"the options are `--url ADDRESS` or none, and not {arguments}")
    elif index.startswith("sparse+") and index.endswith(INDEX_ENDING):
        url = index[len("sparse+") : -len(INDEX_ENDING)]
    else:
        raise Declined("url-not-supported")
    url = url.rstrip("/")
    if not _is_safe(url):
        raise Failed(f"{url} is no https address, and a token must not travel in plain text")
    return str(url)


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        return False
    if parts.scheme == "https":
        return True
    with suppress(ValueError):
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname).is_loopback
    return parts.scheme == "http" and parts.hostname == "localhost"


def _is_private(registry: str) -> bool:
    """Whether reading needs a token: the index says so to whoever has none."""
    status, _ = _ask(f"{registry}{INDEX_ENDING}config.json", {})
    return status == 401


# --- The exchange ---


class Exchange:
    """Turns ID tokens of this job into publish tokens of one registry."""

    def __init__(
        self, registry: str, variables: Mapping[str, str], pauses: tuple[float, ...]
    ) -> None:
        self.registry = registry
        self.variables = variables
        self.pauses = pauses

    def token(self, narrowed: Mapping[str, object]) -> Granted:
        """A publish token for no more than `narrowed` says."""
        # The ID token is for the registry's address without its scheme.
        for id_token in id_tokens(self.variables, self.registry.split("://", 1)[1]):
            with suppress(Spent):
                return self._exchanged(id_token, narrowed)
        raise Failed(
            "every ID token of this job was exchanged before. Each upload takes one of its own: "
            f"let the job have more of them, as {VARIABLE}_2, {VARIABLE}_3 and so on"
        )

    def _exchanged(self, id_token: str, narrowed: Mapping[str, object]) -> Granted:
        problem, asked_to_wait = "", 0.0
        for pause in self.pauses:
            time.sleep(max(pause, asked_to_wait))
            try:
                return self._post(id_token, narrowed)
            except Unavailable as unavailable:
                problem, asked_to_wait = str(unavailable), unavailable.seconds
        raise Failed(f"{self.registry} gives no token: {problem}")

    def _post(self, id_token: str, narrowed: Mapping[str, object]) -> Granted:
        body = json.dumps({"jwt": id_token, **narrowed}).encode()
        headers = {"Content-Type": "application/json"}
        status, answer = _ask(self.registry + TOKENS_PATH, headers, body)
        if status == 200:
            return Granted(str(answer["token"]), _timestamp(str(answer["expires_at"])))
        error = _first_error(answer)
        if error.get("code") == "token_reused":
            raise Spent
        said = _plain(f"{error.get('detail', 'no reason given')}", without=id_token)
        if status in (429, 502, 503, 504):
            raise Unavailable(said, _seconds_until(answer.get(RETRY_AFTER)))
        about = f"{error.get('code', status)}, request {error.get('request_id', 'unknown')}"
        raise Failed(f"{self.registry} refused the exchange: {said} ({_plain(about)})")


def _seconds_until(moment: object) -> float:
    """Until a Retry-After; a large workspace meets a limit that a minute later is over."""
    try:
        seconds = (parsedate_to_datetime(str(moment)) - datetime.now(timezone.utc)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _timestamp(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def _first_error(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return first if isinstance(first, dict) else {}


def _plain(text: str, *, without: str = "") -> str:
    """Fit for a log: one line of moderate length that repeats no secret."""
    if without:
        text = text.replace(without, "[ID token]")
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:1000]


# --- Who the job is ---


def id_tokens(variables: Mapping[str, str], audience: str) -> Iterator[str]:
    """ID tokens to try one after the other. Raises Declined outside of a CI job."""
    named = _named_tokens(variables)
    if named:
        yield from (text for text in named if _claim(text))
    elif f"{VARIABLE}_FILE" in variables:
        yield _of_file(variables[f"{VARIABLE}_FILE"])
    elif f"{VARIABLE}_COMMAND" in variables:
        for _ in range(FRESH_TOKENS):
            yield _of_command(variables[f"{VARIABLE}_COMMAND"], audience)
    elif "ACTIONS_ID_TOKEN_REQUEST_URL" in variables:
        for _ in range(FRESH_TOKENS):
            yield _of_runner(variables, audience)
    else:
        raise Declined(
            "not-found",
            f"this is no CI job with an ID token: there is neither {VARIABLE} nor "
            "ACTIONS_ID_TOKEN_REQUEST_URL (on GitHub, permissions must hold `id-token: write`)",
        )


def _named_tokens(variables: Mapping[str, str]) -> list[str]:
    """The job's variables with ID tokens, such as GitLab's `id_tokens`, in their order."""
    numbered = [
        (int(found[1] or 0), value)
        for name, value in variables.items()
        if value and (found := re.fullmatch(rf"{VARIABLE}(?:_([0-9]+))?", name))
    ]
    return [value for _, value in sorted(numbered)]


def _claim(id_token: str) -> bool:
    """Whether no upload of this job has taken the token yet; cargo starts us for each anew."""
    digest = hashlib.sha256(id_token.encode()).hexdigest()
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir(), f"cargo-credential-waybill-{user}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Only the digest: whoever reads it learns nothing.
        (folder / digest).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        pass  # The registry refuses a second exchange anyway; this only saves the request.
    return True


def _of_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Failed(f"{VARIABLE}_FILE: {path} cannot be read") from None


def _of_command(command: str, audience: str) -> str:
    """What a program prints that knows how to ask this CI system; no shell is involved."""
    words = [word.replace("{audience}", audience) for word in shlex.split(command)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        raise Failed(f"{VARIABLE}_COMMAND: {words[0]!r} cannot be run, or hangs") from None
    if done.returncode or not done.stdout.strip():
        raise Failed(f"{VARIABLE}_COMMAND: {words[0]!r} gave no token (status {done.returncode})")
    return done.stdout.strip()


def _of_runner(variables: Mapping[str, str], audience: str) -> str:
    """As GitHub's and Forgejo's runners are asked."""
    address = variables["ACTIONS_ID_TOKEN_REQUEST_URL"]
    if not _is_safe(address.partition("?")[0]):
        raise Failed("ACTIONS_ID_TOKEN_REQUEST_URL is no https address")
    joint = "&" if "?" in address else "?"
    bearer = f"Bearer {variables.get('ACTIONS_ID_TOKEN_REQUEST_TOKEN', '')}"
    status, answer = _ask(
        f"{address}{joint}audience={quote(audience, safe='')}", {"Authorization": bearer}
    )
    value = answer.get("value")
    if status != 200 or not isinstance(value, str):
        raise Failed(f"the runner gives no ID token (status {status})")
    return value


# --- Requests ---


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token must not follow wherever an answer points to."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _ask(
    address: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON object of an answer; a refusal's holds RETRY_AFTER beside what it says."""
    request = urllib.request.Request(address, body, {"User-Agent": USER_AGENT, **headers})
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return answer.status, _object(answer.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            waits = {RETRY_AFTER: error.headers.get("Retry-After")}
            return error.code, {**_object(error.read(MAX_ANSWER_BYTES)), **waits}
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        raise Unavailable(f"{urlsplit(address).netloc} does not answer ({why})") from None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _say(target: IO[str], document: Mapping[str, Any]) -> None:
    target.write(f"{json.dumps(document)}\n")
    target.flush()


def _other(message: str) -> dict[str, Any]:
    return {"Err": {"kind": "other", "message": message, "caused-by": []}}


if __name__ == "__main__":
    sys.exit(main())
