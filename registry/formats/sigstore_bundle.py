"""Verifies a Sigstore bundle against one root of trust, offline, with Sigstore's own library.

Loaded by whoever verifies first (trust_roots), since the library takes 24 MB of each process.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from cryptography.x509 import Certificate
from sigstore.errors import Error as SigstoreError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.trustroot.v1 import TrustedRoot as RootMessage

from registry.formats.attestation import (
    PAYLOAD_TYPE,
    Check,
    InvalidAttestation,
    InvalidRoot,
    Verified,
    no_for_every_error,
)
from registry.formats.errors import shown
from registry.formats.signer import certified

VERIFIER = f"sigstore {version('sigstore')}"


class _AnyIdentity:
    """The certificate is compared after it was verified (formats.signer)."""

    def verify(self, cert: Certificate) -> None:
        return None


class SigstoreRoot:
    """A root of trust with a log: what is not in the log is not verified."""

    def __init__(self, text: bytes) -> None:
        """Raises InvalidRoot."""
        try:
            self._verifier = Verifier(trusted_root=TrustedRoot(RootMessage.from_json(text)))
        except (SigstoreError, ValueError) as error:
            raise InvalidRoot(shown(str(error))) from None

    def verify(self, bundle: bytes) -> Verified:
        """Certificate, log entry, time and signature; raises InvalidAttestation."""
        with no_for_every_error():
            parsed = Bundle.from_json(bundle)
            kind, payload = self._verifier.verify_dsse(parsed, _AnyIdentity())
            if kind != PAYLOAD_TYPE:
                raise InvalidAttestation(Check.STATEMENT, "the signed payload is no statement")
            return _verified(bundle, parsed, payload)


def _verified(bundle: bytes, parsed: Bundle, payload: bytes) -> Verified:
    entry = json.loads(bundle)["verificationMaterial"]["tlogEntries"][0]
    return Verified(
        payload=payload,
        claims=certified(parsed.signing_certificate),
        signed_at=_signed_at(parsed, entry),
        verifier=VERIFIER,
        log_index=int(entry["logIndex"]),
        log_id=str(entry["logId"]["keyId"]),
    )


def _signed_at(bundle: Bundle, entry: Mapping[str, str]) -> datetime:
    """The log's own time counts where the log promised it; newer logs leave that to others."""
    if entry.get("inclusionPromise") and int(entry.get("integratedTime") or 0):
        return datetime.fromtimestamp(int(entry["integratedTime"]), UTC)
    stamps = bundle.verification_material.timestamp_verification_data
    if stamps is None or len(stamps.rfc3161_timestamps) != 1:
        # Of several, one that was verified is enough for the library, which tells not which.
        raise InvalidAttestation(Check.SIGNATURE, "the bundle must have exactly one timestamp")
    return stamps.rfc3161_timestamps[0].tst_info.gen_time
