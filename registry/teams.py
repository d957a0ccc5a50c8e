"""What GitHub says of teams, asked in the name of whoever acts (crates-io-api reference, 5.2)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from accounts.errors import InvalidInput
from accounts.models import GitHubToken, User
from adapters.github import GITHUB_COM_API, GitHub
from adapters.http import OutgoingError
from registry.errors import (
    GitHubAccessDenied,
    GitHubSignInNeeded,
    GitHubUnavailable,
    NotTeamMember,
)
from registry.models import Team

# How long somebody who left a team may still publish.
MEMBERSHIP_SECONDS = 60
_ODD = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class FoundTeam:
    """A team of which the person who asked is a member, or whose organisation they administer."""

    login: str
    github_id: int
    organization_id: int
    name: str
    avatar_url: str


def find_team(user: User | None, login: str) -> FoundTeam:
    """The team `github:org:team`, if `user` may make it an owner.

    Raises InvalidInput for a login that names no team they can see, NotTeamMember, and what GitHub
    says no to. Asks GitHub up to four times.
    """
    organization, slug = _parts(login)
    token = GitHubToken.text_of(user) if user else None
    if user is None or token is None:
        raise InvalidInput(
            "to add a team, GitHub must be asked in your name: sign in with GitHub on this "
            "registry's website, then try again"
        )
    with _github(token) as github:
        found = github.team(organization, slug)
        if found is None:
            raise InvalidInput(
                f"could not find the github team {organization[:64]}/{slug[:64]}. Make sure that "
                "you have the right permissions in GitHub."
            )
        name = _own_login(github, user)
        if not github.is_team_member(found.organization_id, found.id, name) and not (
            github.is_organization_admin(found.organization_id, name)
        ):
            raise NotTeamMember
    return FoundTeam(
        login=f"github:{organization}:{slug}".lower(),
        github_id=found.id,
        organization_id=found.organization_id,
        name=found.name,
        avatar_url=found.avatar_url,
    )


def may_act_for(user: User, team: Team) -> bool:
    """Whether `user` may make the team an owner, now or within the last MEMBERSHIP_SECONDS.

    False for somebody whom GitHub does not know any more. Raises GitHubUnavailable.
    """
    key = f"team-actor:{team.github_id}:{user.pk}"
    known: bool | None = cache.get(key)
    if known is not None:
        return known
    token = GitHubToken.text_of(user)
    try:
        answer = token is not None and _may_act_for(token, user, team)
    except (GitHubSignInNeeded, GitHubAccessDenied):
        answer = False
    cache.set(key, answer, MEMBERSHIP_SECONDS)
    return answer


def _may_act_for(token: str, user: User, team: Team) -> bool:
    with _github(token) as github:
        name = _own_login(github, user)
        return github.is_team_member(
            team.organization_id, team.github_id, name
        ) or github.is_organization_admin(team.organization_id, name)


def is_member(user: User, team: Team) -> bool:
    """Whether `user` is an active member now, or was within the last MEMBERSHIP_SECONDS.

    False for somebody who has no GitHub token here. Raises what GitHub says no to.
    """
    key = f"team-member:{team.github_id}:{user.pk}"
    known: bool | None = cache.get(key)
    if known is not None:
        return known
    token = GitHubToken.text_of(user)
    if token is None:
        return False
    with _github(token) as github:
        answer = github.is_team_member(
            team.organization_id, team.github_id, _own_login(github, user)
        )
    cache.set(key, answer, MEMBERSHIP_SECONDS)
    return answer


def administers(user: User, team: Team) -> bool:
    """Whether `user` owns the team's organisation on GitHub now; raises what GitHub says no to."""
    token = GitHubToken.text_of(user)
    if token is None:
        return False
    with _github(token) as github:
        return github.is_organization_admin(team.organization_id, _own_login(github, user))


def _parts(login: str) -> tuple[str, str]:
    handler, organization, slug = [*login.split(":", 2), "", ""][:3]
    if handler.lower() != "github":
        raise InvalidInput("unknown organization handler, only 'github:org:team' is supported")
    if not organization or not slug:
        raise InvalidInput("missing github team argument; format is github:org:team")
    if odd := _ODD.search(organization):
        raise InvalidInput(f"organization cannot contain special characters like {odd[0]}")
    return organization, slug


def _own_login(github: GitHub, user: User) -> str:
    """What the person is called on GitHub now; the name that we know may be another's by now."""
    account = github.viewer()
    if account.id != user.github_id:
        raise GitHubSignInNeeded
    return account.login


@contextmanager
def _github(token: str) -> Iterator[GitHub]:
    """GitHub in somebody's name; what it refuses becomes ours (crates-io-api reference, 0.1)."""
    # The operator named the address; only the default one is a stranger's.
    private = settings.GITHUB_API_URL != GITHUB_COM_API
    try:
        yield GitHub(settings.GITHUB_API_URL, token, allow_private=private)
    except OutgoingError as error:
        if error.status == 401:
            raise GitHubSignInNeeded from error
        if error.status == 403:
            raise GitHubAccessDenied from error
        raise GitHubUnavailable from error
