"""Checks of the issuers: whether they answer, and whether our clock agrees with theirs."""

from collections.abc import Iterator

from adapters.http import OutgoingError, fetch
from registry.operations.checkup.finding import Finding, problem
from registry.operations.checkup.front import clock_of
from trustpub.models import Issuer


def issuers() -> Iterator[Finding]:
    """Their clock is the one that the times in ID tokens come from."""
    for issuer in Issuer.objects.enabled():
        address = f"{issuer.url}/.well-known/openid-configuration"
        try:
            answer = fetch(address, allow_private=True)
        except OutgoingError as error:
            yield problem(
                "issuer",
                f"{issuer.url}: {error}",
                "let this machine reach it by https, or switch the issuer off in the admin",
            )
            continue
        if answer.status == 200:
            yield from clock_of(issuer.url, answer)
        else:
            yield problem(
                "issuer",
                f"{issuer.url} answers {answer.status}",
                "check the issuer's address, which is the `iss` of its tokens",
            )
