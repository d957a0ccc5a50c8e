"""Who a certificate of Fulcio's speaks for: a CI job, by what its ID token said.

The extensions lie below 1.3.6.1.4.1.57264.1 and hold DER texts (trusted-publishing f.2).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from cryptography.hazmat import asn1
from cryptography.x509 import Certificate, UnrecognizedExtension

from registry.formats.attestation import Check, InvalidAttestation
from registry.formats.errors import shown

_ARC = "1.3.6.1.4.1.57264.1."
_NAMES = {
    8: "issuer",
    9: "build_signer",
    11: "runner_environment",
    12: "source_repository",
    13: "source_commit",
    14: "source_ref",
    15: "source_repository_id",
    17: "source_owner_id",
    18: "build_config",
    20: "trigger",
    21: "run",
    22: "visibility",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """What tells one job of a CI system from every other."""

    issuer: str
    source_repository_id: str
    source_owner_id: str
    build_config: str
    run: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, str]) -> "Signer":
        return cls(**{field.name: stored[field.name] for field in fields(cls)})


def certified(certificate: Certificate) -> dict[str, str]:
    """What the certificate says of its job, by the names above; raises InvalidAttestation."""
    found = {}
    for extension in certificate.extensions:
        oid, value = extension.oid.dotted_string, extension.value
        number = oid.removeprefix(_ARC)
        if number == oid or not number.isdigit() or int(number) not in _NAMES:
            continue
        assert isinstance(value, UnrecognizedExtension)
        try:
            found[_NAMES[int(number)]] = asn1.decode_der(str, value.value)
        except ValueError:
            raise InvalidAttestation(
                Check.IDENTITY, f"the certificate's extension {oid} is not a DER text"
            ) from None
    return found


def check_signer(claims: Mapping[str, str], expected: Signer) -> None:
    """Whether the certificate was issued to just this job; raises InvalidAttestation."""
    for name, value in expected.as_dict().items():
        received = claims.get(name, "")
        if received != value:
            raise InvalidAttestation(
                Check.IDENTITY,
                f"the certificate's {name.replace('_', ' ')} is `{shown(received)}`, but the "
                f"version was published by a job with `{shown(value)}`: attest in the run of CI "
                "that publishes",
            )
