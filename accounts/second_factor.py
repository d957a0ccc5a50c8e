"""How the secrets of second factors lie in allauth's table: sealed, as it asks its adapter to."""

import base64
import secrets

from allauth.mfa.adapter import DefaultMFAAdapter

from accounts.sealed_text import seal, unseal

PURPOSE = "second factor"


class SealedFactors(DefaultMFAAdapter):
    """A secret that does not open any more, after a change of SECRET_KEY, fits no code."""

    def encrypt(self, text: str) -> str:
        return seal(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        # Never empty: anybody can compute the codes of an empty secret.
        unknown = base64.b32encode(secrets.token_bytes(20)).decode()
        return unseal(encrypted_text, PURPOSE) or unknown
