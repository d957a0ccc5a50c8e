"""The passkeys of a person, as WebAuthn wants them; apart, because fido2 takes a while to load."""

from allauth.mfa.models import Authenticator
from fido2.webauthn import AttestedCredentialData

from accounts import passkeys
from accounts.models import User


def credentials_of(user: User) -> list[AttestedCredentialData]:
    """Ids and public keys."""
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return [passkeys.credential_of(row.data["credential"]) for row in rows.order_by("pk")]
