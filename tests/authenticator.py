"""A security key in software: answers as a browser would hand them on, and can be made to lie."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

PRESENT = AuthenticatorData.FLAG.UP


class Authenticator:
    """One passkey; `sign_count` goes up with each use, `origin` is the page that it believes."""

    def __init__(self, origin: str, *, host: str | None = None) -> None:
        self.origin = origin
        self.host = host or origin.split("//")[1].split(":")[0]
        self.credential_id = secrets.token_bytes(16)
        self.sign_count = 0
        self.flags = PRESENT
        self.algorithm = ES256.ALGORITHM
        self.client_data: dict[str, Any] = {}
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: str) -> str:
        """The answer to a registration, as JSON."""
        public_key = ES256.from_cryptography_key(self._key.public_key())
        public_key[3] = self.algorithm
        credential = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public_key)
        data = self._data(AuthenticatorData.FLAG.AT, credential)
        attestation = AttestationObject.create("none", data, {})
        client_data = self._client_data("webauthn.create", options)
        return self._answer(
            clientDataJSON=websafe_encode(client_data),
            attestationObject=websafe_encode(attestation),
        )

    def get(self, options: str) -> str:
        """The answer to a question for proof, as JSON."""
        self.sign_count += 1
        data = self._data()
        client_data = self._client_data("webauthn.get", options)
        signature = self._key.sign(data + client_data.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=websafe_encode(client_data),
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
        )

    def _data(
        self, flags: AuthenticatorData.FLAG | None = None, credential: bytes = b""
    ) -> AuthenticatorData:
        host = hashlib.sha256(self.host.encode()).digest()
        all_flags = self.flags | flags if flags else self.flags
        return AuthenticatorData.create(host, all_flags, self.sign_count, credential)

    def _client_data(self, kind: str, options: str) -> CollectedClientData:
        content = {
            "type": kind,
            "challenge": json.loads(options)["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
            **self.client_data,
        }
        return CollectedClientData(json.dumps(content).encode())

    def _answer(self, **response: str) -> str:
        number = websafe_encode(self.credential_id)
        return json.dumps(
            {
                "id": number,
                "rawId": number,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )
