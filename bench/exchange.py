"""An ID token for a publish token, against one signature check and one durable commit."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import psycopg
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from bench.clients import answers, burned, clock_of, request
from bench.rows import Row, p50
from bench.stage import Stage, for_psycopg, seed
from demo.issuer import LocalIssuer

TIMES = 400
PATH = "/api/v1/trusted_publishing/tokens"
JSON = {"Content-Type": "application/json"}
CREATE = "CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, key text UNIQUE)"
INSERT = "INSERT INTO bench_floor (key) VALUES (%s)"


def rows(stage: Stage) -> Iterator[Row]:
    with ExitStack() as stack:
        ci = LocalIssuer()
        server = stage.prepared(
            database=stage.database(), EXCHANGES_PER_ISSUER="1000000", WEB_THREADS="4"
        )
        audience = seed(
            server, "trust", issuer_url=ci.url, key=ci.key.public_jwk(), crate="tidepool"
        )
        server.start()
        stack.callback(server.kill)
        times = stage.times(TIMES)
        floor = p50(_floor(stack, stage, ci), times)
        texts = lambda: [_request(ci, audience) for _ in range(times)]  # noqa: E731
        subject = answers(server.port, 200, texts)
        assert server.process
        web, database = clock_of(server.process.pid), clock_of(stage.postgresql_pid)
        for measure, least, ours in (
            ("p50", floor, subject),
            (
                "processor time",
                burned(floor, times, database, own=True),
                burned(subject, times, web, database),
            ),
        ):
            yield Row(
                name=f"exchange on PostgreSQL, {measure}",
                floor_name="RS256 verify + one durable commit",
                floor=least,
                subject=ours,
                limit=6,
            )
        empty = request("GET", "/healthz")
        # Three parts, and the second is no JSON.
        garbage = request("POST", PATH, JSON, b'{"jwt": "%s"}' % (b"eyJhIjoxfQ." * 2 + b"AAAA"))
        yield Row(
            name="exchange refused before the signature",
            floor_name="empty view",
            floor=answers(server.port, 200, lambda: [empty] * times),
            subject=answers(server.port, 400, lambda: [garbage] * times),
            limit=1.3,
        )


def _request(ci: LocalIssuer, audience: str) -> bytes:
    return request("POST", PATH, JSON, b'{"jwt": "%s"}' % ci.github_token(audience).encode())


def _floor(stack: ExitStack, stage: Stage, ci: LocalIssuer) -> Callable[[], object]:
    database = psycopg.connect(for_psycopg(stage.database()), autocommit=True)
    stack.callback(database.close)
    database.execute(CREATE)
    message, _, _ = ci.github_token("floor").rpartition(".")
    signed = message.encode()
    signature = ci.key.private_key.sign(signed, padding.PKCS1v15(), SHA256())
    public = ci.key.private_key.public_key()
    numbers = count()

    def verify_and_commit() -> None:
        public.verify(signature, signed, padding.PKCS1v15(), SHA256())
        database.execute(INSERT, [str(next(numbers))], prepare=True)

    return verify_and_commit
