"""Asks the forge for the numbers behind a publisher's names (b.0, "Pinning")."""

import logging
from dataclasses import dataclass

from django.conf import settings

from adapters.forgejo import find_repository
from adapters.github import GITHUB_COM_API, GitHub
from adapters.gitlab import GitLab
from adapters.http import OutgoingError
from trustpub.errors import InvalidPublisher
from trustpub.models import Issuer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Stable ids as text; empty where they could not be had."""

    repository_id: str = ""
    owner_id: str = ""
    # The forge's own spelling, "owner/name".
    repository: str = ""


def forge_of(issuer: Issuer) -> GitHub | None:
    """GitHub's API, where it may be asked."""
    if issuer.provider != "github":
        return None
    if issuer.web_url == settings.GITHUB_URL:
        return GitHub(
            settings.GITHUB_API_URL,
            # The operator named the address; only the default one is a stranger's.
            allow_private=settings.GITHUB_API_URL != GITHUB_COM_API,
        )
    if not issuer.api_url:
        return None
    return GitHub(issuer.api_url, allow_private=issuer.internal_network)


def gitlab_of(issuer: Issuer) -> GitLab | None:
    """GitLab's API, where it may be asked."""
    if issuer.provider != "gitlab" or not issuer.api_url:
        return None
    return GitLab(issuer.api_url, allow_private=issuer.internal_network)


def resolve(issuer: Issuer, repository: str) -> Identity:
    """What the forge says now, or empty ids where it cannot be asked or the repository is private.

    Raises InvalidPublisher when the forge answers that the owner does not exist.
    """
    try:
        if forge := forge_of(issuer):
            is_own = issuer.web_url == settings.GITHUB_URL
            return _on_github(forge, repository, is_own=is_own)
        if gitlab := gitlab_of(issuer):
            return _on_gitlab(gitlab, repository)
        if issuer.api_url and issuer.provider in ("forgejo", "gitea"):
            return _on_forgejo(issuer, repository)
    except OutgoingError as error:
        # Never keeps anybody from saving: the first exchange pins the ids instead.
        logger.info("ids of %s could not be resolved: %s", repository, error)
    return Identity()


def _on_github(forge: GitHub, repository: str, *, is_own: bool) -> Identity:
    """`is_own`: the GitHub that people sign in with; another may hide what it has."""
    owner, _, name = repository.partition("/")
    found = forge.repository(owner, name)
    if found:
        return Identity(str(found.id), str(found.owner_id), found.full_name)
    account = forge.user(owner)
    if account is None and not is_own:
        return Identity()
    if account is None:
        raise InvalidPublisher(
            f"Unknown GitHub user or organization `{owner}`; check the repository owner's spelling"
        )
    return Identity(owner_id=str(account.id), repository=f"{account.login}/{name}")


def _on_gitlab(gitlab: GitLab, repository: str) -> Identity:
    """A private project tells nothing but its group, where that is public."""
    if project := gitlab.project(repository):
        return Identity(str(project.id), str(project.namespace_id), project.path)
    group = gitlab.group(repository.rpartition("/")[0])
    return Identity(owner_id=str(group) if group else "")


def _on_forgejo(issuer: Issuer, repository: str) -> Identity:
    owner, _, name = repository.partition("/")
    allow_private = issuer.internal_network
    found = find_repository(issuer.api_url, owner, name, allow_private=allow_private)
    return Identity(str(found.id), str(found.owner_id), found.full_name) if found else Identity()
