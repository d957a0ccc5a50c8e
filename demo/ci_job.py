"""What a CI job does to publish without a stored secret, beside running cargo.

The same three requests as GitHub's runner and the action rust-lang/crates-io-auth-action send
(trusted-publishing reference, a.1).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from demo.errors import DemoFailed
from demo.web import accepted, ask

TOKENS_PATH = "/api/v1/trusted_publishing/tokens"


@dataclass(frozen=True, slots=True)
class PublishToken:
    """`crates` exist already, `new_crates` may be published for the first time."""

    text: str
    expires_at: datetime
    crates: tuple[str, ...]
    new_crates: tuple[str, ...]

    @property
    def minutes_left(self) -> int:
        return round((self.expires_at - datetime.now(UTC)).total_seconds() / 60)


def request_id_token(variables: Mapping[str, str], audience: str) -> str:
    """Asks the runner, which the two ACTIONS_ID_TOKEN_REQUEST variables lead to."""
    address = f"{variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={quote(audience, safe='')}"
    bearer = {"Authorization": f"Bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    token = ask("GET", address, headers=bearer).json().get("value")
    if not isinstance(token, str):
        raise DemoFailed("the stand-in for GitHub gave the CI job no ID token")
    return token


def exchange(registry_url: str, id_token: str) -> PublishToken:
    """Raises RegistryRefused."""
    answer = ask(
        "POST",
        registry_url + TOKENS_PATH,
        body=json.dumps({"jwt": id_token}).encode(),
        headers={"Content-Type": "application/json"},
    )
    facts = accepted(answer).json()
    return PublishToken(
        text=str(facts["token"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
        crates=tuple(facts["crates"]),
        new_crates=tuple(facts["new_crates"]),
    )


def revoke(registry_url: str, token: PublishToken) -> None:
    """Raises RegistryRefused."""
    bearer = {"Authorization": f"Bearer {token.text}"}
    accepted(ask("DELETE", registry_url + TOKENS_PATH, headers=bearer))
