"""Which claims of a token its provider has never heard of: the CI system may have changed."""

from collections.abc import Iterable

from trustpub.providers.base import Provider

# RFC 7519's own, which every provider leaves to trustpub.jwt.
REGISTERED = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
FAMILY = "*"


def unknown_claims(provider: Provider, names: Iterable[str]) -> list[str]:
    """Those of `names` that are not among the claims which the provider reads or has documented."""
    read = {claim.name for claim in provider.claims}
    found = [
        name
        for name in names
        if name not in read and name not in provider.other_claims and name not in REGISTERED
    ]
    return [name for name in found if not _is_of_a_family(provider, name)] if found else found


def _is_of_a_family(provider: Provider, name: str) -> bool:
    families = [known[:-1] for known in provider.other_claims if known.endswith(FAMILY)]
    return any(name.startswith(family) for family in families)
