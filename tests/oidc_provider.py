"""A company's sign-in on loopback: OpenID Connect's code flow over real sockets."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt

from demo.issuer import SigningKey, new_key

CLIENT = "waybill"
SECRET = "the secret of waybill"


class OidcProvider:
    """`person` are the claims of whoever signs in next; `userinfo`, if set, says other things.

    With `denies` whoever signs in next does not let the registry know who they are.
    """

    def __init__(self, key: SigningKey | None = None) -> None:
        self.key = key or new_key()
        self.person: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.announced_issuer: str | None = None
        self.denies = False
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, Any]] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def configuration(self) -> dict[str, object]:
        return {
            "issuer": self.announced_issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def answer_to(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to, with a code or without."""
        self.asked.append(query)
        if self.denies:
            answer = {"error": "access_denied", "state": query["state"]}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = {"query": query, "person": dict(self.person)}
            answer = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def redeem(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Once, for the right client, and with the verifier of the challenge (RFC 7636)."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        if asked is None or asked["query"].get("code_challenge") != challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            **asked["person"],
        }
        id_token = jwt.encode(
            claims, self.key.private_key, algorithm="RS256", headers={"kid": self.key.kid}
        )
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": id_token}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    provider: OidcProvider


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        provider, parts = self.server.provider, urlsplit(self.path)
        match parts.path:
            case "/.well-known/openid-configuration":
                self._json(200, provider.configuration())
            case "/authorize":
                self._authorize(dict(parse_qsl(parts.query)))
            case "/userinfo":
                self._json(200, provider.userinfo or provider.person)
            case "/keys":
                self._json(200, {"keys": [provider.key.public_jwk()]})
            case _:
                self._json(404, {})

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self._json(*self.server.provider.redeem(form))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _authorize(self, query: dict[str, str]) -> None:
        self.send_response(302)
        self.send_header("Location", self.server.provider.answer_to(query))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
