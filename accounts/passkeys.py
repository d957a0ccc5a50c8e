"""WebAuthn's two ceremonies: what an authenticator is asked, and whether its answer is right."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

LONGEST_ANSWER = 16 * 1024
# For the person at the browser, in milliseconds.
PATIENCE = 5 * 60 * 1000
# What fido2 raises on bytes and JSON that are not what they should be.
MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    OverflowError,
    struct.error,
)

# What has to be remembered between question and answer; no secret.
State = dict[str, Any]


class InvalidAnswer(Exception):
    """The answer is malformed, to another question, for another site, or not the passkey's."""


@dataclass(frozen=True, slots=True)
class Registered:
    """`answer` is what the browser sent, and holds the public key."""

    answer: dict[str, Any]
    credential: AttestedCredentialData
    sign_count: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Which passkey signed, and how often it has by its own count; 0 where it does not count."""

    credential_id: bytes
    sign_count: int


def registration(
    *, handle: str, login: str, known: Sequence[AttestedCredentialData]
) -> tuple[str, State]:
    """Options as JSON, and what `registered` must be given; authenticators in `known` refuse."""
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(id=handle.encode(), name=login, display_name=login),
        known,
        # So that a phone's passkey is in its owner's keychain, and not in the one phone alone.
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return _sent(options.public_key), state


def registered(answer: str, state: State) -> Registered:
    """Raises InvalidAnswer."""
    try:
        data = _parsed(answer)
        parsed = RegistrationResponse.from_dict(data)
        _refuse_frames(parsed.response.client_data.cross_origin)
        found = _server().register_complete(state, parsed)
        credential = found.credential_data
        if credential is None or credential.credential_id != parsed.raw_id:
            raise InvalidAnswer("there is no key in it")
        if credential.public_key.ALGORITHM not in CoseKey.supported_algorithms():
            raise InvalidAnswer("the key is of a kind that was not asked for")
    except MALFORMED as problem:
        raise InvalidAnswer(str(problem)) from problem
    return Registered(data, credential, found.counter)


def authentication(known: Sequence[AttestedCredentialData]) -> tuple[str, State]:
    """Options as JSON, and what `proven` must be given."""
    options, state = _server().authenticate_begin(
        known, user_verification=UserVerificationRequirement.PREFERRED
    )
    return _sent(options.public_key), state


def proven(answer: str, state: State, known: Sequence[AttestedCredentialData]) -> Proof:
    """Raises InvalidAnswer."""
    try:
        parsed = AuthenticationResponse.from_dict(_parsed(answer))
        _refuse_frames(parsed.response.client_data.cross_origin)
        credential = _server().authenticate_complete(state, known, parsed)
        return Proof(credential.credential_id, parsed.response.authenticator_data.counter)
    except MALFORMED as problem:
        raise InvalidAnswer(str(problem)) from problem


def credential_of(answer: dict[str, Any]) -> AttestedCredentialData:
    """Id and public key out of an answer that `registered` has accepted once."""
    found = RegistrationResponse.from_dict(answer).response.attestation_object.auth_data
    assert found.credential_data is not None
    return found.credential_data


def fingerprint(credential_id: bytes) -> str:
    """A short name for the log, where the id itself would be long."""
    return hashlib.sha256(credential_id).hexdigest()[:16]


def _server() -> Fido2Server:
    # Addresses below ours belong to others: fido2 by itself would take their answers, too.
    host = str(settings.PASSKEY_HOST)
    party = PublicKeyCredentialRpEntity(id=host, name=host)
    return Fido2Server(party, verify_origin=lambda origin: origin == settings.PUBLIC_ORIGIN)


def _sent(options: Mapping[str, Any]) -> str:
    return json.dumps({**options, "timeout": PATIENCE})


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise InvalidAnswer("it is too long")
    data = json.loads(answer)
    if not isinstance(data, dict):
        raise InvalidAnswer("it is no object")
    return data


def _refuse_frames(is_cross_origin: object) -> None:
    if is_cross_origin:
        raise InvalidAnswer("it was given inside a page of another site")
