"""How the fake GitHub signs what its secret scanning reports."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class AlertKey:
    """One key pair of secret scanning; GitHub keeps former ones listed for a while."""

    identifier: str
    is_current: bool = True
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def pem(self) -> str:
        public = self.private.public_key()
        return public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def sign(self, body: bytes) -> str:
        return b64encode(self.private.sign(body, ec.ECDSA(hashes.SHA256()))).decode()


class SecretScanning:
    """The keys that the fake GitHub lists, and alerts signed with the latest of them."""

    def __init__(self) -> None:
        self.keys = [AlertKey("alert-key-1")]

    @property
    def current(self) -> AlertKey:
        return self.keys[-1]

    def rotate(self) -> AlertKey:
        """A new current key; the former ones stay listed and are current no more."""
        for key in self.keys:
            key.is_current = False
        self.keys.append(AlertKey(f"alert-key-{len(self.keys) + 1}"))
        return self.current

    def listed(self) -> dict[str, object]:
        """The answer of /meta/public_keys/secret_scanning."""
        return {
            "public_keys": [
                {
                    "key_identifier": key.identifier,
                    "key": key.pem,
                    "is_current": key.is_current,
                }
                for key in self.keys
            ]
        }

    def alert(self, alerts: Sequence[object]) -> tuple[bytes, dict[str, str]]:
        """The body and the headers that GitHub sends for these alerts."""
        body = json.dumps(list(alerts)).encode()
        return body, {
            "Content-Type": "application/json",
            "GitHub-Public-Key-Identifier": self.current.identifier,
            "GitHub-Public-Key-Signature": self.current.sign(body),
        }
