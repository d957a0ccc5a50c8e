"""While an issuer stalls and many jobs wait for it, the rest of the registry answers as ever."""

import json
import threading
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
# Who waits for the issuer does so for five.
SECONDS_AT_ONCE = 4.5
# What waits for it does so each time, and a busy machine only now and then.
ROUNDS = 3
PATHS = ("/index/config.json", "/healthz", "/api/v1/summary", "/")


class Stalling(LocalIssuer):
    """Answers nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(key=signing_key())
        self.is_let = threading.Event()
        self.is_asked = threading.Event()

    def wait_if_slow(self) -> None:
        self.is_asked.set()
        self.is_let.wait(60)


def seconds_of(url: str) -> float:
    started = time.monotonic()
    with urllib.request.urlopen(url, timeout=100) as answer:
        assert answer.status == 200
    return time.monotonic() - started


def exchange(server: Server, jwt: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{server.url}/api/v1/trusted_publishing/tokens",
        json.dumps({"jwt": jwt}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=100) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(json.load(error)["errors"][0]["code"])


@pytest.mark.once
@pytest.mark.slow
def test_a_stalling_issuer_slows_down_nothing_else(running_server: Server) -> None:
    slowest = (_slowest_page_beside_a_stall(running_server, round_) for round_ in range(ROUNDS))
    assert any(seconds < SECONDS_AT_ONCE for seconds in slowest)


def _slowest_page_beside_a_stall(server: Server, number: int) -> float:
    with Stalling() as issuer, ThreadPoolExecutor(JOBS) as pool:
        server.manage(
            "trust_issuer", "gitlab", issuer.url, "--web-url", f"https://stalling-{number}.example"
        )
        audience = server.url.removeprefix("http://")
        jwts = [issuer.gitlab_token(audience) for _ in range(JOBS)]
        asked = [pool.submit(exchange, server, jwt) for jwt in jwts]
        try:
            assert issuer.is_asked.wait(60)
            slowest = max(seconds_of(f"{server.url}{path}") for path in PATHS * 2)
        finally:
            issuer.is_let.set()
        answers = [done.result() for done in asked]

    # Those that waited were heard, or had waited enough; the others know when to come again.
    assert {status for status, _ in answers} <= {400, 403, 503}
    assert {code for _, code in answers} <= {"unexpected_claim", "no_publisher", "jwks_unavailable"}
    assert (503, "jwks_unavailable") in answers
    return slowest
