"""GitHub's secret scanning alerts: the keys that sign them, and the check of a signature."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.http import OutgoingError, fetch_json

MAX_KEYS = 50
MAX_TEXT = 4096


class InvalidAlertSignature(ValueError):
    """The text says what is wrong, and holds nothing of what was sent."""


def fetch_current_keys(
    api_url: str, *, client: tuple[str, str] | None = None, allow_private: bool = False
) -> dict[str, str]:
    """Key identifier -> PEM, of the keys that GitHub calls current.

    The OAuth `client`, id and secret, only raises GitHub's rate limit. Raises OutgoingError.
    """
    headers = {"Accept": "application/vnd.github+json"}
    if client:
        headers["Authorization"] = f"Basic {b64encode(':'.join(client).encode()).decode()}"
    answer = fetch_json(
        f"{api_url.rstrip('/')}/meta/public_keys/secret_scanning",
        allow_private=allow_private,
        headers=headers,
    )
    listed = answer.body.get("public_keys") if isinstance(answer.body, Mapping) else None
    if not isinstance(listed, list):
        raise OutgoingError("GitHub's answer has no list of public keys", False)
    return dict(found for entry in listed[:MAX_KEYS] if (found := _current(entry)))


def check_signature(pem: str, signature: str, body: bytes) -> None:
    """Raises InvalidAlertSignature unless it is the key's ECDSA signature (P-256, SHA-256, DER)."""
    try:
        decoded = b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidAlertSignature("the signature is not base64") from None
    try:
        _key(pem).verify(decoded, body, ECDSA(SHA256()))
    except InvalidSignature:
        raise InvalidAlertSignature("the signature does not fit the body") from None


def _key(pem: str) -> EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise InvalidAlertSignature("the key cannot be read") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise InvalidAlertSignature("the key is not one for ECDSA with P-256")
    return key


def _current(entry: object) -> tuple[str, str] | None:
    match entry:
        case {"key_identifier": str(identifier), "key": str(pem), "is_current": True}:
            if 0 < len(identifier) <= MAX_TEXT and len(pem) <= MAX_TEXT:
                return identifier, pem
    return None
