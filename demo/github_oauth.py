"""GitHub's OAuth web flow, as the fake GitHub plays it: codes for browsers, tokens for servers."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from demo.github_world import FakeAccount

_DOCUMENTATION = (
    "https://docs.github.com/apps/managing-oauth-apps/"
    "troubleshooting-oauth-app-access-token-request-errors/"
)


@dataclass(frozen=True, slots=True)
class _Grant:
    account: FakeAccount
    redirect_uri: str
    scope: str
    code_challenge: str | None


class OAuthFlow:
    """Grants of one OAuth app, from the person's consent to the access token."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}
        # What GitHub does with an app that broke its rules, or whose owner deleted it.
        self.is_suspended = False

    def approve(self, query: Mapping[str, str], account: FakeAccount) -> str:
        """Where the browser goes after consent: the redirect address with code and state."""
        code = secrets.token_hex(10)
        self._codes[code] = _Grant(
            account, query["redirect_uri"], query.get("scope", ""), query.get("code_challenge")
        )
        return _with_query(query["redirect_uri"], {"code": code, **_state(query)})

    def deny(self, query: Mapping[str, str]) -> str:
        """Where the browser goes after a refusal."""
        refusal = {
            "error": "access_denied",
            "error_description": "The user has denied your application access.",
        }
        return _with_query(query["redirect_uri"], {**refusal, **_state(query)})

    def refuse_suspended(self, query: Mapping[str, str]) -> str:
        """Where the browser goes at once while the app is suspended."""
        refusal = {
            "error": "application_suspended",
            "error_description": "Your application has been suspended.",
        }
        return _with_query(query["redirect_uri"], {**refusal, **_state(query)})

    def redeem(self, form: Mapping[str, str]) -> dict[str, str]:
        """The answer of the token endpoint; errors too come with status 200, as on GitHub."""
        if form.get("client_id") != self.client_id or not hmac.compare_digest(
            form.get("client_secret", ""), self._client_secret
        ):
            return _error(
                "incorrect_client_credentials",
                "The client_id and/or client_secret passed are incorrect.",
            )
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or not _proves(grant.code_challenge, form.get("code_verifier", "")):
            return _error("bad_verification_code", "The code passed is incorrect or expired.")
        if form.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return _error(
                "redirect_uri_mismatch",
                "The redirect_uri MUST match the registered callback URL for this application.",
            )
        token = f"gho_{secrets.token_urlsafe(27)}"
        self._tokens[token] = grant
        return {
            "access_token": token,
            "scope": ",".join(grant.scope.split()),
            "token_type": "bearer",
        }

    def bearer(self, authorization: str) -> FakeAccount | None:
        """Whose token an Authorization header carries."""
        grant = self._grant(authorization)
        return None if grant is None else grant.account

    def may_read_emails(self, authorization: str) -> bool:
        """Whether the token's scopes include the addresses."""
        grant = self._grant(authorization)
        return grant is not None and not {"user", "user:email"}.isdisjoint(grant.scope.split())

    def may_read_organizations(self, authorization: str) -> bool:
        """Whether the token's scopes include organisations and their teams."""
        grant = self._grant(authorization)
        wanted = {"read:org", "write:org", "admin:org"}
        return grant is not None and not wanted.isdisjoint(grant.scope.split())

    def issue(self, account: FakeAccount, scope: str) -> str:
        """A token as after a sign-in, without the way there."""
        token = f"gho_{secrets.token_urlsafe(27)}"
        self._tokens[token] = _Grant(account, "", scope, None)
        return token

    def revoke(self, token: str) -> None:
        """What happens when somebody withdraws their consent."""
        self._tokens.pop(token, None)

    def revoke_all(self, account: FakeAccount) -> None:
        """The person withdrew the app's access in GitHub's settings."""
        for token, grant in list(self._tokens.items()):
            if grant.account is account:
                self.revoke(token)

    def _grant(self, authorization: str) -> _Grant | None:
        scheme, _, token = authorization.partition(" ")
        return self._tokens.get(token) if scheme.lower() in {"bearer", "token"} else None


def _proves(challenge: str | None, verifier: str) -> bool:
    """RFC 7636, method S256, where the request began with a challenge."""
    if challenge is None:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _with_query(address: str, query: dict[str, str]) -> str:
    return address + ("&" if "?" in address else "?") + urlencode(query)


def _state(query: Mapping[str, str]) -> dict[str, str]:
    return {"state": query["state"]} if "state" in query else {}


def _error(code: str, description: str) -> dict[str, str]:
    return {
        "error": code,
        "error_description": description,
        "error_uri": f"{_DOCUMENTATION}#{code.replace('_', '-')}",
    }
