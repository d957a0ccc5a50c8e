"""Checks of the issuers: whether they answer, and whether our clock agrees with theirs."""

from collections.abc import Iterator

from adapters.http import OutgoingError, fetch
from registry.operations.checkup.finding import Finding, problem, warning
from registry.operations.checkup.front import clock_of
from trustpub.models import Issuer, PendingPublisher, Publisher


def issuers() -> Iterator[Finding]:
    """Their clock is the one that the times in ID tokens come from."""
    for issuer in Issuer.objects.enabled():
        address = f"{issuer.url}/.well-known/openid-configuration"
        # Those that come with the installation are on, whether or not anybody publishes from them.
        complain = problem if _is_used(issuer) else warning
        try:
            answer = fetch(address, allow_private=True)
        except OutgoingError as error:
            yield complain(
                "issuer",
                f"{issuer.url}: {error}",
                "let this machine reach it by https, or switch the issuer off in the admin",
            )
            continue
        if answer.status == 200:
            yield from clock_of(issuer.url, answer)
        else:
            yield complain(
                "issuer",
                f"{issuer.url} answers {answer.status}",
                "check the issuer's address, which is the `iss` of its tokens",
            )


def _is_used(issuer: Issuer) -> bool:
    return (
        Publisher.objects.filter(issuer=issuer).exists()
        or PendingPublisher.objects.filter(issuer=issuer).exists()
    )
