"""A fake GitHub on loopback: its REST API and sign-in, for the demo and for tests."""

import json
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from demo.github_alerts import SecretScanning
from demo.github_oauth import OAuthFlow
from demo.github_organizations import ask_organization
from demo.github_pages import page_at
from demo.github_world import (
    FakeAccount,
    FakeRepository,
    FakeTeam,
    GitHubWorld,
    emails_json,
    repository_json,
    user_json,
)

_API_PREFIX = "/api/v3"
_MAX_FORM_BYTES = 64 * 1024
_PAGE = """<!doctype html>
<html lang="en">
<title>Authorize {client}</title>
<h1>Authorize {client}</h1>
<p>{client} wants to know who you are. You are signed in as <strong>{login}</strong>.</p>
<form method="post" action="/login/oauth/authorize?{query}">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>
</html>
"""
_AVATAR = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" fill="#57606a"/><circle cx="32" cy="26" r="12" fill="#fff"/>
<path d="M8 64a24 24 0 0 1 48 0z" fill="#fff"/></svg>
"""


class FakeGitHub:
    """GitHub as an Enterprise Server at `url`, with its API below `url`/api/v3.

    At `api_url`, on a port of its own, it answers the API without that prefix, as
    api.github.com does. `port=0` takes a free port. With `ask_consent` the sign-in shows a page
    with Approve and Deny, else it approves at once, for the account of `sign_in_as`.
    `requests` counts by method and path, without query and API prefix.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        ask_consent: bool = False,
        client_id: str = "waybill-client",
        client_secret: str = "waybill-client-secret",
    ) -> None:
        self.ask_consent = ask_consent
        self.client_id = client_id
        self.client_secret = client_secret
        self.requests: Counter[str] = Counter()
        self.world = GitHubWorld()
        self.oauth = OAuthFlow(client_id, client_secret)
        self.scanning = SecretScanning()
        self.browser_account: FakeAccount | None = None
        self._lock = threading.Lock()
        self._web = _Server(port, self, _API_PREFIX)
        self._api = _Server(0, self, "")
        self.url = f"http://127.0.0.1:{self._web.server_port}"
        self.api_url = f"http://127.0.0.1:{self._api.server_port}"

    def __enter__(self) -> Self:
        for server in (self._web, self._api):
            # The default interval of half a second would be added to every stop.
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._web, self._api):
            server.shutdown()
            server.server_close()

    def add_user(
        self,
        login: str,
        id: int,
        *,
        email: str | None = None,
        verified: bool = True,
        name: str | None = None,
        kind: str = "User",
    ) -> FakeAccount:
        """A person, or an organisation with kind="Organization"; the first one is signed in."""
        account = FakeAccount(id, login, name, email, verified, kind)
        self.world.accounts[id] = account
        if self.browser_account is None:
            self.browser_account = account
        return account

    def add_repository(
        self, owner: str, name: str, id: int, *, private: bool = False
    ) -> FakeRepository:
        """A repository of an account that was added before."""
        repository = FakeRepository(id, self._account(owner), name, private)
        self.world.repositories[id] = repository
        return repository

    def add_member(self, organization: str, login: str, role: str = "member") -> None:
        """Puts an account into an organisation, as `member` or `admin`."""
        roles = self.world.roles.setdefault(self._account(organization).id, {})
        roles[self._account(login).id] = role

    def add_team(
        self, organization: str, slug: str, id: int, members: Sequence[str] = (), **facts: Any
    ) -> FakeTeam:
        """A team of an account that was added before; its members belong to the organisation."""
        team = FakeTeam(id, self._account(organization), slug, **{"name": slug.title(), **facts})
        self.world.teams[id] = team
        for login in members:
            self.add_member(organization, login)
            team.members[self._account(login).id] = "active"
        return team

    def rename_user(self, login: str, new_login: str) -> None:
        """The account keeps its id; its repositories redirect from their former names."""
        self.world.remember_names()
        self._account(login).login = new_login

    def rename_repository(self, full_name: str, new_name: str) -> None:
        """The repository keeps its id and redirects from its former name."""
        repository = self.world.repository(full_name)
        if repository is None:
            raise LookupError(f"the fake GitHub has no repository {full_name!r}")
        self.world.remember_names()
        repository.name = new_name

    def sign_in_as(self, login: str) -> None:
        """Whose browser the next sign-in comes from."""
        self.browser_account = self._account(login)

    def count(self, request: str) -> None:
        """Notes one request, such as `GET /users/alice`."""
        with self._lock:
            self.requests[request] += 1

    def _account(self, login: str) -> FakeAccount:
        account = self.world.account(login)
        if account is None:
            raise LookupError(f"the fake GitHub has no account {login!r}")
        return account


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, github: FakeGitHub, prefix: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.github = github
        self.prefix = prefix


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path, query = self._address()
        prefix = self.server.prefix
        api_path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else ""
        if prefix and path == "/login/oauth/authorize":
            self._authorize(query)
        elif prefix and path.startswith("/avatars/"):
            self._send(200, _AVATAR, "image/svg+xml")
        elif api_path:
            self._api(api_path)
        elif prefix and (page := page_at(self.server.github.world, path)):
            self._send(200, page, "text/html; charset=utf-8")
        else:
            self._send(404, "Not Found", "text/plain")

    def do_POST(self) -> None:
        path, query = self._address()
        length = min(int(self.headers.get("Content-Length") or 0), _MAX_FORM_BYTES)
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        if self.server.prefix and path == "/login/oauth/access_token":
            self._access_token(form)
        elif self.server.prefix and path == "/login/oauth/authorize":
            self._decide(query, form.get("decision", ""))
        else:
            self._send(404, "Not Found", "text/plain")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the demo tells its own story, and a test looks at `requests`."""

    def _address(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        noted = parts.path.removeprefix(self.server.prefix)
        self.server.github.count(f"{self.command} {noted}")
        return parts.path, dict(parse_qsl(parts.query))

    # --- Sign-in ---

    def _authorize(self, query: dict[str, str]) -> None:
        github = self.server.github
        if not self._is_ours(query) or github.browser_account is None:
            self._send(404, "Not Found", "text/plain")
        elif github.oauth.is_suspended:
            self._redirect(302, github.oauth.refuse_suspended(query))
        elif github.ask_consent:
            page = _PAGE.format(
                client=escape(github.client_id),
                login=escape(github.browser_account.login),
                query=escape(urlencode(query)),
            )
            self._send(200, page, "text/html; charset=utf-8")
        else:
            self._redirect(302, github.oauth.approve(query, github.browser_account))

    def _decide(self, query: dict[str, str], decision: str) -> None:
        github = self.server.github
        if not self._is_ours(query) or github.browser_account is None:
            self._send(404, "Not Found", "text/plain")
        elif decision == "approve":
            self._redirect(302, github.oauth.approve(query, github.browser_account))
        else:
            self._redirect(302, github.oauth.deny(query))

    def _is_ours(self, query: dict[str, str]) -> bool:
        return query.get("client_id") == self.server.github.client_id and "redirect_uri" in query

    def _access_token(self, form: dict[str, str]) -> None:
        answer = self.server.github.oauth.redeem(form)
        if "application/json" in self.headers.get("Accept", ""):
            self._json(200, answer)
        else:
            self._send(200, urlencode(answer), "application/x-www-form-urlencoded; charset=utf-8")

    # --- REST API ---

    def _api(self, path: str) -> None:
        match path.strip("/").split("/"):
            case ["user"]:
                self._who_am_i()
            case ["user", "emails"]:
                self._my_emails()
            case ["users", login]:
                self._user(self.server.github.world.account(login))
            case ["repos", owner, name]:
                self._repository(f"{owner}/{name}")
            case ["repos", owner, name, *inside]:
                self._inside(f"{owner}/{name}", [unquote(part) for part in inside])
            case ["repositories", number] if number.isdecimal():
                self._found(self.server.github.world.repositories.get(int(number)))
            case ["meta", "public_keys", "secret_scanning"]:
                self._json(200, self.server.github.scanning.listed())
            case [("orgs" | "organizations"), *_] as parts:
                self._organizations(parts)
            case _:
                self._problem(404, "Not Found")

    def _organizations(self, parts: list[str]) -> None:
        oauth = self.server.github.oauth
        authorization = self.headers.get("Authorization", "")
        asker = oauth.bearer(authorization)
        if asker is None:
            self._problem(401, "Bad credentials" if authorization else "Requires authentication")
        elif not oauth.may_read_organizations(authorization):
            self._problem(403, "Resource not accessible: the token lacks the read:org scope.")
        else:
            status, answer = ask_organization(
                self.server.github.world, asker, parts, *self._bases()
            )
            if isinstance(answer, str):
                self._problem(status, answer)
            else:
                self._json(status, answer)

    def _who_am_i(self) -> None:
        authorization = self.headers.get("Authorization", "")
        account = self.server.github.oauth.bearer(authorization)
        if account is not None:
            self._user(account)
        else:
            self._problem(401, "Bad credentials" if authorization else "Requires authentication")

    def _my_emails(self) -> None:
        oauth = self.server.github.oauth
        authorization = self.headers.get("Authorization", "")
        account = oauth.bearer(authorization)
        if account is None:
            self._problem(401, "Bad credentials" if authorization else "Requires authentication")
        elif not oauth.may_read_emails(authorization):
            self._problem(404, "Not Found")
        else:
            self._json(200, emails_json(account))

    def _user(self, account: FakeAccount | None) -> None:
        if account is None:
            self._problem(404, "Not Found")
        else:
            self._json(200, user_json(account, *self._bases()))

    def _repository(self, full_name: str) -> None:
        world = self.server.github.world
        present, moved = world.repository(full_name), world.moved_repository(full_name)
        if present is None and moved is not None and not moved.private:
            self._redirect(301, f"{self._bases()[1]}/repositories/{moved.id}")
        else:
            self._found(present)

    def _found(self, repository: FakeRepository | None) -> None:
        # A private repository looks like none, as it does to anonymous callers of GitHub.
        if repository is None or repository.private:
            self._problem(404, "Not Found")
        else:
            self._json(200, repository_json(repository, *self._bases()))

    def _inside(self, full_name: str, parts: list[str]) -> None:
        repository = self.server.github.world.repository(full_name)
        answer: dict[str, object] | None = None
        match parts:
            case _ if repository is None or repository.private:
                pass
            case ["contents", ".github", "workflows", file] if file in repository.workflows:
                content = b64encode(repository.workflows[file].encode()).decode()
                answer = {"type": "file", "encoding": "base64", "content": content}
            case ["environments", name] if name in repository.environments:
                rules = [{"type": "required_reviewers"}] if repository.environments[name] else []
                answer = {"name": name, "protection_rules": rules}
            case ["attestations", digest] if digest.removeprefix("sha256:") in repository.attested:
                answer = {"attestations": [{"bundle": {}, "repository_id": repository.id}]}
        if answer is None:
            self._problem(404, "Not Found")
        else:
            self._json(200, answer)

    def _bases(self) -> tuple[str, str]:
        github = self.server.github
        api = f"{github.url}{_API_PREFIX}" if self.server.prefix else github.api_url
        return github.url, api

    # --- Answers ---

    def _problem(self, status: int, message: str) -> None:
        documentation = "https://docs.github.com/rest"
        self._json(
            status, {"message": message, "documentation_url": documentation, "status": str(status)}
        )

    def _json(self, status: int, body: object) -> None:
        self._send(status, json.dumps(body), "application/json; charset=utf-8")

    def _redirect(self, status: int, address: str) -> None:
        self._send(status, "", "text/plain", {"Location": address})

    def _send(
        self, status: int, text: str, content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
