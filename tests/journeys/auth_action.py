"""The requests of the action rust-lang/crates-io-auth-action 1.0.1, one by one.

Trusted-publishing reference, a.1: what it sends, and what it makes of the answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.journeys.wire import Answer, ask, post_json

USER_AGENT = {"User-Agent": "crates-io-auth-action/1.0.1"}
TOKENS = "/api/v1/trusted_publishing/tokens"


class ActionFailed(Exception):
    """What the action shows in the log of the job."""


@dataclass
class AuthAction:
    """One use of the action in a job; `url` is its input, `runner` the job's environment."""

    url: str
    runner: Mapping[str, str]
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        # One slash and no more.
        self.registry = self.url.removesuffix("/")

    @property
    def audience(self) -> str:
        return self.registry.removeprefix("https://").removeprefix("http://")

    def main(self, **more: str) -> str:
        """Asks the runner for an ID token and the registry for a publish token.

        `more` goes beside the ID token, which the real action cannot do.
        """
        address = self.runner["ACTIONS_ID_TOKEN_REQUEST_URL"]
        bearer = {"Authorization": f"Bearer {self.runner['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        found = ask("GET", f"{address}&audience={quote(self.audience, safe='')}", headers=bearer)
        answer = post_json(self.registry + TOKENS, {"jwt": found.json["value"], **more}, USER_AGENT)
        _accept("Failed to retrieve token from Cargo registry", answer)
        self.token = answer.json["token"]
        return self.token

    def post(self) -> None:
        """Revokes the token when the job ends, whatever became of it."""
        headers = {"Authorization": f"Bearer {self.token}", **USER_AGENT}
        _accept("Failed to revoke token", ask("DELETE", self.registry + TOKENS, headers=headers))


def _accept(what: str, answer: Answer) -> None:
    """Any 2xx will do; else the action shows every `detail`, or the raw body."""
    if answer.status // 100 != 2:
        errors = "".join(f" Error: {error['detail']}" for error in answer.json["errors"])
        raise ActionFailed(f"{what}. Status: {answer.status}.{errors}")
