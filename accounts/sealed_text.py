"""Texts that the database holds but cannot show: sealed with a key derived from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str, purpose: str) -> str:
    """The text, encrypted and signed; what was sealed for one purpose opens for no other."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str | None:
    """The text; None where SECRET_KEY has changed since, or somebody changed the row."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _box(purpose: str) -> Fernet:
    # SECRET_KEY is random and long, so no slow derivation and no salt is needed (RFC 5869, 3.1).
    derivation = HKDF(hashes.SHA256(), length=32, salt=None, info=f"waybill {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derivation.derive(settings.SECRET_KEY.encode())))
