"""Asks the forge for the numbers behind a publisher's names (b.0, "Pinning")."""

import logging
from dataclasses import dataclass

from django.conf import settings

from adapters.github import GITHUB_COM_API, GitHub
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
    """The forge's API, where there is one that may be asked."""
    if issuer.provider != "github" or issuer.web_url != settings.GITHUB_URL:
        return None
    return GitHub(
        settings.GITHUB_API_URL,
        # The operator named the address; only the default one is a stranger's.
        allow_private=settings.GITHUB_API_URL != GITHUB_COM_API,
    )


def resolve(issuer: Issuer, repository: str) -> Identity:
    """What the forge says now, or empty ids where it cannot be asked or the repository is private.

    Raises InvalidPublisher when the forge answers that the owner does not exist.
    """
    forge = forge_of(issuer)
    if forge is None:
        return Identity()
    owner, _, name = repository.partition("/")
    try:
        found = forge.repository(owner, name)
        if found:
            return Identity(str(found.id), str(found.owner_id), found.full_name)
        account = forge.user(owner)
    except OutgoingError as error:
        # Never keeps anybody from saving: the first exchange pins the ids instead.
        logger.info("ids of %s could not be resolved: %s", repository, error)
        return Identity()
    if account is None:
        raise InvalidPublisher(
            f"Unknown GitHub user or organization `{owner}`; check the repository owner's spelling"
        )
    return Identity(owner_id=str(account.id), repository=f"{account.login}/{name}")
