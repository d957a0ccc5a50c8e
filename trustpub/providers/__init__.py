"""The CI systems whose jobs can publish: one file each, listed here."""

from collections.abc import Mapping

from trustpub.providers.activestate import ActiveState
from trustpub.providers.azure import AzurePipelines
from trustpub.providers.base import Provider
from trustpub.providers.bitbucket import Bitbucket
from trustpub.providers.buildkite import Buildkite
from trustpub.providers.circleci import CircleCI
from trustpub.providers.entra import Entra
from trustpub.providers.forgejo import Forgejo
from trustpub.providers.generic import Generic
from trustpub.providers.gitea import Gitea
from trustpub.providers.github import GitHub
from trustpub.providers.gitlab import GitLab
from trustpub.providers.google import Google
from trustpub.providers.jenkins import Jenkins
from trustpub.providers.semaphore import Semaphore

PROVIDERS: Mapping[str, Provider] = {
    provider.kind: provider
    for provider in (
        GitHub(),
        GitLab(),
        Forgejo(),
        Gitea(),
        Bitbucket(),
        CircleCI(),
        Buildkite(),
        Google(),
        Entra(),
        AzurePipelines(),
        Jenkins(),
        Semaphore(),
        ActiveState(),
        Generic(),
    )
}


class UnknownProvider(ValueError):
    """There is no provider of that kind; the message lists those there are."""


def provider_for(kind: str) -> Provider:
    """The provider of a kind such as "github". Raises UnknownProvider."""
    try:
        return PROVIDERS[kind]
    except KeyError:
        known = ", ".join(PROVIDERS)
        raise UnknownProvider(f"There is no provider {kind!r}; there are: {known}.") from None
