"""A local OIDC issuer on loopback that plays GitHub Actions and GitLab CI.

For the demo and for tests only: whoever reaches its port can have any identity.
"""

import argparse
import contextlib
import json
import secrets
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from demo.claims import GITHUB_CLAIMS, GITLAB_CLAIMS

DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/.well-known/jwks"
# As on GitHub the address already has a query, to which the action appends "&audience=...".
TOKEN_REQUEST_PATH = "/actions/id-token"
OVERSIZE_BYTES = 1024 * 1024

GITHUB_SECONDS = 300
GITLAB_SECONDS = 3600


@dataclass(frozen=True, eq=False)
class SigningKey:
    """A private RSA key and the name under which its public half is published."""

    kid: str
    private_key: rsa.RSAPrivateKey

    def public_jwk(self) -> dict[str, object]:
        jwk: dict[str, object] = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {**jwk, "kid": self.kid, "use": "sig", "alg": "RS256"}


def new_key(bits: int = 2048) -> SigningKey:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return SigningKey(secrets.token_hex(8), private_key)


class LocalIssuer:
    """An issuer that serves while it is entered as a context.

    The switches that `heal` resets can be set at any time. They act on the next request for the
    discovery document or the key set, or only on the paths in `faulty_paths` when that is set.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, key: SigningKey | None = None
    ) -> None:
        self.key = key or new_key()
        self.published = [self.key]
        self.extra_keys: list[dict[str, object]] = []
        # Claims of the job that asks at the runner's token request address.
        self.job_claims: dict[str, object] = {}
        self.request_token = secrets.token_urlsafe(24)
        self.requests: Counter[str] = Counter()
        self.heal()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.daemon = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # --- Where it is ---

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def jwks_uri(self) -> str:
        return self.announced_jwks_uri or f"{self.url}{KEYS_PATH}"

    def runner_environment(self) -> dict[str, str]:
        """The variables by which a job on GitHub finds where to ask for its ID token."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}{TOKEN_REQUEST_PATH}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.request_token,
        }

    # --- What it signs ---

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        headers: Mapping[str, object] | None = None,
        key: SigningKey | None = None,
    ) -> str:
        """Exactly these claims as a token, by the current key unless another is given."""
        signer = key or self.key
        return jwt.encode(
            dict(claims),
            signer.private_key,
            algorithm="RS256",
            headers={"kid": signer.kid, **(headers or {})},
        )

    def github_token(self, audience: str, **overrides: object) -> str:
        """A GitHub Actions token; an override of None leaves the claim out."""
        return self.sign(self.github_claims(audience, **overrides))

    def gitlab_token(self, audience: str, **overrides: object) -> str:
        """A GitLab CI token; an override of None leaves the claim out."""
        return self.sign(self.gitlab_claims(audience, **overrides))

    def github_claims(self, audience: str, **overrides: object) -> dict[str, object]:
        times = _times(not_before=600, seconds=GITHUB_SECONDS)
        return _with(overrides, GITHUB_CLAIMS, self._envelope(audience), times)

    def gitlab_claims(self, audience: str, **overrides: object) -> dict[str, object]:
        times = _times(not_before=5, seconds=GITLAB_SECONDS)
        claims = _with(overrides, GITLAB_CLAIMS, self._envelope(audience), times)
        if "ci_config_ref_uri" not in overrides:
            host = self.url.partition("://")[2]
            claims["ci_config_ref_uri"] = (
                f"{host}/{claims.get('project_path')}//.gitlab-ci.yml@{claims.get('ref_path')}"
            )
        return claims

    def rotate(self, *, keep_old: bool = False) -> SigningKey:
        """Signs with a new key from now on; the old one leaves the key set unless kept."""
        self.key = new_key()
        self.published = [*self.published, self.key] if keep_old else [self.key]
        return self.key

    # --- Faults ---

    def heal(self) -> None:
        """Ends all faults."""
        self.faulty_paths: frozenset[str] = frozenset()
        self.empty = False  # a key set without keys
        self.oversize = False  # more than any client should read
        self.broken_json = False
        self.redirect_to: str | None = None
        self.status = 200
        self.body: bytes | None = None  # sent instead of the document
        self.drips = False  # one byte at a time, without end
        self.announced_issuer: str | None = None  # another `issuer` in the discovery document
        self.announced_jwks_uri: str | None = None
        self.announced: dict[str, object] = {}  # laid over the discovery document
        self._delay = 0.0

    def slow(self, seconds: float) -> None:
        """Waits this long before each faulty answer."""
        self._delay = seconds

    def wait_if_slow(self) -> None:
        time.sleep(self._delay)

    # --- Documents ---

    def discovery(self, prefix: str = "") -> dict[str, object]:
        """The discovery document; under a path prefix it is that of an enterprise's issuer."""
        return {
            "issuer": self.announced_issuer or f"{self.url}{prefix}",
            "jwks_uri": self.announced_jwks_uri or f"{self.url}{prefix}{KEYS_PATH}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": sorted({*GITHUB_CLAIMS, "iss", "aud", "exp", "iat", "jti"}),
            **self.announced,
        }

    def key_set(self) -> dict[str, object]:
        if self.empty:
            return {"keys": []}
        return {"keys": [*(key.public_jwk() for key in self.published), *self.extra_keys]}

    def _envelope(self, audience: str) -> dict[str, object]:
        return {"iss": self.url, "aud": audience, "jti": str(uuid.uuid4())}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], issuer: LocalIssuer) -> None:
        super().__init__(address, _Handler)
        self.issuer = issuer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        issuer = self.server.issuer
        issuer.requests[address.path] += 1
        if address.path == TOKEN_REQUEST_PATH:
            self._answer_token_request(parse_qs(address.query))
        elif address.path.endswith(DISCOVERY_PATH):
            prefix = address.path.removesuffix(DISCOVERY_PATH)
            self._answer_document(address.path, issuer.discovery(prefix))
        elif address.path.endswith(KEYS_PATH):
            self._answer_document(address.path, issuer.key_set())
        else:
            self._answer(404, {"message": "there is nothing here"})

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a request for a token has it in its answer, and tests want a quiet console."""

    def _answer_token_request(self, query: Mapping[str, Sequence[str]]) -> None:
        issuer = self.server.issuer
        expected = f"Bearer {issuer.request_token}"
        if not secrets.compare_digest(self.headers.get("Authorization", ""), expected):
            self._answer(401, {"message": "the request token is missing or wrong"})
            return
        # GitHub's own default audience is the owner's address.
        audience = query.get("audience", ["https://github.com/ferris-labs"])[0]
        token = issuer.github_token(audience, **issuer.job_claims)
        self._answer(200, {"count": len(token), "value": token})

    def _answer_document(self, path: str, document: Mapping[str, object]) -> None:
        issuer = self.server.issuer
        if issuer.faulty_paths and path not in issuer.faulty_paths:
            self._answer(200, document)
            return
        issuer.wait_if_slow()
        if issuer.redirect_to:
            self._send(302, b"", {"Location": issuer.redirect_to})
        elif issuer.drips:
            self._drip()
        elif issuer.body is not None:
            self._send(issuer.status, issuer.body, {"Content-Type": "text/html"})
        elif issuer.broken_json:
            self._send(200, b'{"keys": [', {})
        elif issuer.oversize:
            self._answer(200, {**document, "padding": "x" * OVERSIZE_BYTES})
        else:
            self._answer(issuer.status, document)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.server.issuer.drips:
                self.wfile.write(b" ")
                time.sleep(0.01)

    def _answer(self, status: int, document: Mapping[str, object]) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # A client that stops reading an oversize answer does right.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves in the foreground until interrupted; the first line printed is JSON."""
    options = _parser().parse_args(arguments)
    with LocalIssuer(options.host, options.port) as issuer:
        issuer.job_claims = dict(claim.split("=", 1) for claim in options.claim)
        facts = {
            "issuer": issuer.url,
            "discovery": f"{issuer.url}{DISCOVERY_PATH}",
            "jwks_uri": issuer.jwks_uri,
            **issuer.runner_environment(),
        }
        if options.audience:
            facts["github_token"] = issuer.github_token(options.audience, **issuer.job_claims)
            facts["gitlab_token"] = issuer.gitlab_token(options.audience)
        sys.stdout.write(f"{json.dumps(facts)}\n\n{_explanation(issuer)}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--audience", help="also print a token for this audience")
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the job's GitHub token says instead of the example",
    )
    return parser


def _explanation(issuer: LocalIssuer) -> str:
    return (
        f"A local stand-in for a CI system's issuer, at {issuer.url}\n"
        f"  discovery   {issuer.url}{DISCOVERY_PATH}\n"
        f"  keys        {issuer.jwks_uri}\n"
        f"  ID tokens   {issuer.url}{TOKEN_REQUEST_PATH}  (as a GitHub runner asks for them)\n"
        "Ctrl-C stops it."
    )


def _times(*, not_before: int, seconds: int) -> dict[str, object]:
    now = int(time.time())
    return {"iat": now, "nbf": now - not_before, "exp": now + seconds}


def _with(overrides: Mapping[str, object], *layers: Mapping[str, object]) -> dict[str, object]:
    claims: dict[str, object] = {}
    for layer in (*layers, overrides):
        claims.update(layer)
    return {name: value for name, value in claims.items() if overrides.get(name, value) is not None}


if __name__ == "__main__":
    main()
