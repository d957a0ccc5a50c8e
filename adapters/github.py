"""The questions we ask GitHub: the numbers behind names."""

import re
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from adapters.http import OutgoingError, fetch_json

GITHUB_COM_API = "https://api.github.com"
# Wider than GitHub's own rules, and narrow enough that a name stays one part of a path.
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_REPOSITORY = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")


class AccountKind(StrEnum):
    """What GitHub calls an account's `type`; kinds that we treat alike are OTHER."""

    USER = "User"
    ORGANIZATION = "Organization"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Account:
    """A person or an organisation; `login` in GitHub's own spelling."""

    id: int
    login: str
    kind: AccountKind


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; `full_name` is `owner/name` in GitHub's own spelling."""

    id: int
    owner_id: int
    owner_login: str
    name: str
    full_name: str
    visibility: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team of an organisation; `name` is the one to show, `avatar_url` the organisation's."""

    id: int
    organization_id: int
    name: str
    avatar_url: str


class GitHub:
    """GitHub's REST API, at github.com or on an Enterprise Server.

    `api_url` is `https://api.github.com` or `https://HOST/api/v3`. `allow_private` admits a
    server in the operator's own network. A `token` only raises the rate limit; with one,
    private repositories that it can read are found as well. Each question raises OutgoingError
    when GitHub gives no usable answer.
    """

    def __init__(
        self, api_url: str, token: str | None = None, *, allow_private: bool = False
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._allow_private = allow_private

    def user(self, login: str) -> Account | None:
        """Who has this login now; None when nobody has."""
        if not _OWNER.fullmatch(login):
            return None
        facts = self._ask(f"/users/{login}")
        return None if facts is None else _account(facts)

    def repository(self, owner: str, name: str) -> Repository | None:
        """The public repository of this name; None when there is none, or when it moved.

        GitHub redirects from the former name of a repository. Following would pin a repository
        under a name that its owner gave up, so a former name counts as unknown.
        """
        if not (_OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(name)):
            return None
        facts = self._ask(f"/repos/{owner}/{name}")
        return None if facts is None else _repository(facts)

    def workflow_file(self, owner: str, name: str, file: str) -> str | None:
        """The text of a workflow file on the default branch of a public repository."""
        if not (_OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(name)):
            return None
        facts = self._ask(
            f"/repos/{owner}/{name}/contents/.github/workflows/{quote(file, safe='')}"
        )
        if facts is None:
            return None
        try:
            return b64decode(_text(facts, "content")).decode("utf-8", "replace")
        except ValueError:
            raise OutgoingError("GitHub's answer is not a file in base64", False) from None

    def is_protected(self, owner: str, name: str, environment: str) -> bool | None:
        """Whether an environment has a protection rule; None where there is no such environment."""
        if not (_OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(name)):
            return None
        path = f"/repos/{owner}/{name}/environments/{quote(environment, safe='')}"
        facts = self._ask(path)
        return None if facts is None else bool(facts.get("protection_rules"))

    def attests(self, owner: str, name: str, sha256: str) -> bool:
        """Whether a public repository has an attestation of a file with this digest in hex."""
        if not (_OWNER.fullmatch(owner) and _REPOSITORY.fullmatch(name)):
            return False
        facts = self._ask(f"/repos/{owner}/{name}/attestations/sha256:{sha256}?per_page=1")
        return facts is not None and bool(facts.get("attestations"))

    def viewer(self) -> Account:
        """Whose token it is."""
        return _account(_object(self._ask("/user")))

    def team(self, organization: str, slug: str) -> Team | None:
        """The team, if the token's owner can see it."""
        if not (_OWNER.fullmatch(organization) and _REPOSITORY.fullmatch(slug)):
            return None
        facts = self._ask(f"/orgs/{organization}/teams/{slug}")
        return None if facts is None else _team(facts)

    def is_team_member(self, organization_id: int, team_id: int, login: str) -> bool:
        """Whether `login` is in the team and has accepted the invitation to it."""
        if not _OWNER.fullmatch(login):
            return False
        path = f"/organizations/{organization_id}/team/{team_id}/memberships/{login}"
        facts = self._ask(path)
        return facts is not None and facts.get("state") == "active"

    def is_organization_admin(self, organization_id: int, login: str) -> bool:
        """Whether `login` is one of the organisation's owners, as its pages call them."""
        if not _OWNER.fullmatch(login):
            return False
        facts = self._ask(f"/organizations/{organization_id}/memberships/{login}")
        return facts is not None and (facts.get("state"), facts.get("role")) == ("active", "admin")

    def _ask(self, path: str) -> dict[str, object] | None:
        try:
            answer = fetch_json(
                self._api_url + path, allow_private=self._allow_private, headers=self._headers()
            )
        except OutgoingError as error:
            if error.status in (301, 404):
                return None
            if error.status in (403, 429):
                raise OutgoingError(
                    "GitHub answers no more questions for now (rate limit); try again later",
                    True,
                    error.status,
                ) from error
            raise
        return _object(answer.body)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def _account(facts: dict[str, object]) -> Account:
    kind = _text(facts, "type")
    return Account(
        id=_number(facts, "id"),
        login=_text(facts, "login"),
        kind=AccountKind(kind) if kind in set(AccountKind) else AccountKind.OTHER,
    )


def _repository(facts: dict[str, object]) -> Repository:
    owner = _object(facts.get("owner"))
    return Repository(
        id=_number(facts, "id"),
        owner_id=_number(owner, "id"),
        owner_login=_text(owner, "login"),
        name=_text(facts, "name"),
        full_name=_text(facts, "full_name"),
        visibility=_text(facts, "visibility"),
    )


def _team(facts: dict[str, object]) -> Team:
    organization = _object(facts.get("organization"))
    avatar = organization.get("avatar_url")
    return Team(
        id=_number(facts, "id"),
        organization_id=_number(organization, "id"),
        name=_text(facts, "name"),
        avatar_url=avatar if isinstance(avatar, str) and len(avatar) <= 200 else "",
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise OutgoingError("GitHub's answer is not a JSON object", False)
    return value


def _number(facts: dict[str, object], key: str) -> int:
    value = facts.get(key)
    if type(value) is not int or value <= 0:
        raise OutgoingError(f"GitHub's answer has no number in {key}", False)
    return value


def _text(facts: dict[str, object], key: str) -> str:
    value = facts.get(key)
    if not isinstance(value, str) or not value:
        raise OutgoingError(f"GitHub's answer has no text in {key}", False)
    return value
