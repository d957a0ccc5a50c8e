"""Verifies a bundle that no public log holds, by its timestamp (RFC 3161) instead.

GitHub signs so for private repositories, with an instance of its own: what a private registry
meets most. Sigstore's library wants a log; the parts are done here by cryptography's path
validation and by rfc3161-client, which the library uses too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from registry.formats.attestation import (
    Check,
    InvalidAttestation,
    InvalidRoot,
    Verified,
    base64_bytes,
    no_for_every_error,
)
from registry.formats.errors import shown
from registry.formats.plain_data import parse_json
from registry.formats.signer import certified

VERIFIER = f"cryptography {version('cryptography')}, rfc3161-client {version('rfc3161-client')}"
_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class _Authority:
    """Certificates from the leaf or the lowest issuer to the root, trusted for a while."""

    chain: tuple[x509.Certificate, ...]
    since: datetime
    until: datetime

    def is_valid_at(self, at: datetime) -> bool:
        return self.since <= at < self.until


class TimestampedRoot:
    """A root of trust without a log: certificate authorities, and authorities of time."""

    def __init__(self, text: bytes) -> None:
        """Raises InvalidRoot."""
        try:
            parsed: Any = parse_json(text)
            self._issuers = [_authority(one) for one in parsed["certificateAuthorities"]]
            self._clocks = [_authority(one) for one in parsed["timestampAuthorities"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidRoot(f"it has no log, and {shown(repr(error))}") from None
        if not self._issuers or not self._clocks:
            raise InvalidRoot("it has neither a log nor authorities of certificates and of time")

    def verify(self, bundle: bytes) -> Verified:
        """Timestamp, certificate and signature; raises InvalidAttestation."""
        with no_for_every_error():
            parsed: Any = parse_json(bundle)
            material, envelope = parsed["verificationMaterial"], parsed["dsseEnvelope"]
            [sent] = envelope["signatures"]
            signature = base64_bytes(sent["sig"], "`sig` of a bundle")
            at = self._signed_at(material, signature)
            raw = base64_bytes(material["certificate"]["rawBytes"], "`rawBytes` of a bundle")
            certificate = x509.load_der_x509_certificate(raw)
            self._check_certificate(certificate, at)
            payload = base64_bytes(envelope["payload"], "`payload` of a bundle")
            _check_signature(certificate, signature, envelope["payloadType"], payload)
            return Verified(payload, certified(certificate), at, VERIFIER)

    def _signed_at(self, material: Mapping[str, Any], signature: bytes) -> datetime:
        """The timestamp is of the signature, so this was made before."""
        [stamp] = material["timestampVerificationData"]["rfc3161Timestamps"]
        raw = base64_bytes(stamp["signedTimestamp"], "`signedTimestamp` of a bundle")
        response = decode_timestamp_response(raw)
        at = response.tst_info.gen_time
        for clock in self._clocks:
            if clock.is_valid_at(at) and _is_stamped_by(clock, response, signature):
                return at
        raise InvalidAttestation(
            Check.SIGNATURE, "the bundle has neither a log entry nor a timestamp that is trusted"
        )

    def _check_certificate(self, certificate: x509.Certificate, at: datetime) -> None:
        trusted = [cert for one in self._issuers if one.is_valid_at(at) for cert in one.chain]
        # Certificates of code signers, not of clients: the one difference to the web's rules.
        no_matter = (x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
        verifier = (
            PolicyBuilder()
            .store(Store(trusted))
            .time(at)
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca().may_be_present(*no_matter),
                ee_policy=ExtensionPolicy.webpki_defaults_ee().may_be_present(*no_matter),
            )
            .build_client_verifier()
        )
        verifier.verify(certificate, [])
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not usage.digital_signature or x509.OID_CODE_SIGNING not in purposes:
            raise InvalidAttestation(Check.SIGNATURE, "the certificate is not for signing code")


def _authority(stated: Mapping[str, Any]) -> _Authority:
    period = stated.get("validFor") or {}
    return _Authority(
        tuple(
            x509.load_der_x509_certificate(base64_bytes(one["rawBytes"], "a certificate"))
            for one in stated["certChain"]["certificates"]
        ),
        datetime.fromisoformat(period["start"]) if "start" in period else _ALWAYS[0],
        datetime.fromisoformat(period["end"]) if "end" in period else _ALWAYS[1],
    )


def _is_stamped_by(clock: _Authority, response: TimeStampResponse, signature: bytes) -> bool:
    leaf, *between, root = clock.chain
    builder = VerifierBuilder(intermediates=between).tsa_certificate(leaf)
    try:
        builder.add_root_certificate(root).build().verify_message(response, signature)
    except VerificationError:
        return False
    return True


def _check_signature(
    certificate: x509.Certificate, signature: bytes, kind: str, payload: bytes
) -> None:
    """DSSE's pre-authentication encoding, signed with ECDSA; raises InvalidSignature."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise InvalidAttestation(Check.SIGNATURE, "the certificate's key is not of a curve")
    encoded = kind.encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(encoded), encoded, len(payload), payload)
    key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
