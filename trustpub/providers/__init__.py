"""The CI systems whose jobs can publish: one file each, listed here."""

from collections.abc import Mapping

from trustpub.providers.base import Provider
from trustpub.providers.github import GitHub
from trustpub.providers.gitlab import GitLab

PROVIDERS: Mapping[str, Provider] = {provider.kind: provider for provider in (GitHub(), GitLab())}


class UnknownProvider(ValueError):
    """There is no provider of that kind; the message lists those there are."""


def provider_for(kind: str) -> Provider:
    """The provider of a kind such as "github". Raises UnknownProvider."""
    try:
        return PROVIDERS[kind]
    except KeyError:
        known = ", ".join(PROVIDERS)
        raise UnknownProvider(f"There is no provider {kind!r}; there are: {known}.") from None
