"""While an issuer stalls and many jobs wait for it, the rest of the registry answers as ever."""

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.issuer import LocalIssuer
from tests.factories.id_tokens import signing_key
from tests.server import Server

# More than all threads of the server: two processes with eight each.
JOBS = 40
STALL = 3.0
AT_ONCE = 2.8


def seconds_of(url: str) -> float:
    started = time.monotonic()
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic() - started


def exchange(server: Server, jwt: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{server.url}/api/v1/trusted_publishing/tokens",
        json.dumps({"jwt": jwt}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(json.load(error)["errors"][0]["code"])


@pytest.mark.once
@pytest.mark.slow
def test_a_stalling_issuer_slows_down_nothing_else(running_server: Server) -> None:
    with LocalIssuer(key=signing_key()) as stalling, ThreadPoolExecutor(JOBS) as pool:
        running_server.manage(
            "trust_issuer", "gitlab", stalling.url, "--web-url", "https://stalling.example"
        )
        stalling.slow(STALL)
        audience = running_server.url.removeprefix("http://")
        jwts = [stalling.gitlab_token(audience) for _ in range(JOBS)]
        asked = [pool.submit(exchange, running_server, jwt) for jwt in jwts]
        deadline = time.monotonic() + 10
        while not stalling.requests and time.monotonic() < deadline:
            time.sleep(0.01)

        slowest = max(
            seconds_of(f"{running_server.url}{path}")
            for path in ("/index/config.json", "/healthz", "/api/v1/summary", "/") * 2
        )
        stalled = not any(done.done() and done.result()[0] != 503 for done in asked)
        answers = [done.result() for done in asked]

    assert stalled
    assert slowest < AT_ONCE
    # Those that waited were heard; the others know when to come again.
    assert {status for status, _ in answers} <= {400, 403, 503}
    assert {code for _, code in answers} <= {"unexpected_claim", "no_publisher", "jwks_unavailable"}
    assert (503, "jwks_unavailable") in answers
