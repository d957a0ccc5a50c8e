"""The claims of an issuer that its provider does not know, and what else it announces."""

from collections.abc import Iterable
from dataclasses import dataclass

from trustpub.models import Issuer, KeySetRow, UnknownClaim
from trustpub.providers.known_claims import unknown_claims


def still_unknown(issuer: Issuer, rows: Iterable[UnknownClaim]) -> list[UnknownClaim]:
    """Without those that a later version or an option of the issuer has taught its provider."""
    unknown = set(unknown_claims(issuer.adapter, [row.name for row in rows]))
    return sorted((row for row in rows if row.name in unknown), key=lambda row: row.name)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a discovery document says: claims that the provider does not know, and algorithms.

    `misses` are algorithms that the row allows and the issuer does not sign with.
    """

    url: str
    unknown: list[str]
    algorithms: list[str]
    misses: list[str]


def announced_by(issuer: Issuer, rows: Iterable[KeySetRow]) -> list[Announced]:
    """Of every set that was loaded since that is kept."""
    return [_announced(issuer, row) for row in rows if row.announced]


def _announced(issuer: Issuer, row: KeySetRow) -> Announced:
    algorithms = row.announced.get("id_token_signing_alg_values_supported", [])
    claims = row.announced.get("claims_supported", [])
    allowed = issuer.algorithms if algorithms else []
    return Announced(
        url=row.url,
        unknown=sorted(unknown_claims(issuer.adapter, claims)),
        algorithms=algorithms,
        misses=[name for name in allowed if name not in algorithms],
    )
