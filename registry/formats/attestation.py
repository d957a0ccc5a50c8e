"""Attestations as they are uploaded: bundles byte by byte, and the statements within them.

A bundle is Sigstore's, version 0.3, around a DSSE envelope of an in-toto Statement v1
(trusted-publishing f.2). Nothing here is verified yet: see formats.sigstore_bundle.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NoReturn, cast

from registry.formats.errors import FormatError, TooLarge, shown
from registry.formats.plain_data import InvalidData, parse_json

MAX_BUNDLES = 2
MAX_BUNDLE_BYTES = 256 * 1024
# With what stands around the bundles.
MAX_UPLOAD_BYTES = MAX_BUNDLES * MAX_BUNDLE_BYTES + 1024
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# A workspace attests all of its crates at once.
MAX_SUBJECTS = 1024
_BUNDLE_TYPES = (
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)
_START = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"attestations"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*')
_BETWEEN = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")


class Predicate(StrEnum):
    """What a statement may say of its subject."""

    # How it was built: actions/attest-build-provenance.
    PROVENANCE = "https://slsa.dev/provenance/v1"
    # That this identity published it, and nothing else.
    PUBLISH = "https://docs.pypi.org/attestations/publish/v1"


class Check(StrEnum):
    """What an attestation failed at, for programs."""

    SHAPE = "shape"
    COUNT = "count"
    STATEMENT = "statement"
    PREDICATE_TYPE = "predicate_type"
    SUBJECT = "subject"
    DIGEST = "digest"
    SIGNATURE = "signature"
    IDENTITY = "identity"


class InvalidAttestation(FormatError):
    """Says which check failed, in words and for programs."""

    def __init__(self, check: Check, detail: str) -> None:
        super().__init__(detail)
        self.check = check


@contextmanager
def no_for_every_error() -> Iterator[None]:
    """Around code of libraries: a stranger's bytes make them raise anything, and each means no.

    Raises InvalidAttestation.
    """
    try:
        yield
    except InvalidAttestation:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        text = shown(str(error)) or type(error).__name__
        raise InvalidAttestation(Check.SIGNATURE, f"the bundle does not verify: {text}") from None


class InvalidRoot(FormatError):
    """A text that is no root of trust, or none that can be used."""


@dataclass(frozen=True, slots=True)
class Verified:
    """`payload` is what was signed, `claims` what the certificate says of the signer's job.

    `signed_at` comes from the log or a timestamp authority, never from the signer. Without a log
    there is neither index nor id.
    """

    payload: bytes
    claims: Mapping[str, str]
    signed_at: datetime
    verifier: str
    log_index: int | None = None
    log_id: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`subjects` are name -> SHA-256 in hex of each file that it is about."""

    predicate: Predicate
    subjects: Mapping[str, str]


def bundles_in(body: bytes) -> tuple[bytes, ...]:
    """The bundles of `{"attestations": [...]}`, exactly as they were sent.

    Raises InvalidAttestation, and TooLarge for a bundle over MAX_BUNDLE_BYTES.
    """
    if len(body) > MAX_UPLOAD_BYTES:
        raise TooLarge(f"attestations may have {MAX_UPLOAD_BYTES} bytes together")
    try:
        parsed = parse_json(body)
    except InvalidData as error:
        raise InvalidAttestation(Check.SHAPE, f"the body is not JSON: {error}") from None
    found = parsed.get("attestations") if isinstance(parsed, dict) else None
    if not isinstance(found, list) or len(cast("dict[str, object]", parsed)) != 1:
        raise InvalidAttestation(
            Check.SHAPE, "the body must be a JSON object with the key `attestations` alone, a list"
        )
    if not 1 <= len(found) <= MAX_BUNDLES:
        raise InvalidAttestation(
            Check.COUNT, f"`attestations` must hold 1 to {MAX_BUNDLES} bundles, not {len(found)}"
        )
    bundles = _slices(body.decode(), len(found))
    for number, bundle in enumerate(bundles):
        if len(bundle) > MAX_BUNDLE_BYTES:
            raise TooLarge(
                f"`attestations[{number}]` has {len(bundle)} bytes, at most {MAX_BUNDLE_BYTES}"
            )
    return bundles


def payload_of(bundle: bytes) -> bytes:
    """The signed statement, not verified; raises InvalidAttestation."""
    parsed = _object(_json(bundle, "a bundle"), "a bundle")
    if parsed.get("mediaType") not in _BUNDLE_TYPES:
        _shape(f"`mediaType` of a bundle must be `{_BUNDLE_TYPES[0]}`")
    envelope = _object(parsed.get("dsseEnvelope"), "`dsseEnvelope` of a bundle")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        _shape(f"`payloadType` of a bundle must be `{PAYLOAD_TYPE}`")
    return base64_bytes(envelope.get("payload"), "`payload` of a bundle")


def read_statement(payload: bytes) -> Statement:
    """Raises InvalidAttestation."""
    parsed = _json(payload, "the statement", Check.STATEMENT)
    if not isinstance(parsed, dict) or parsed.get("_type") != STATEMENT_TYPE:
        raise InvalidAttestation(
            Check.STATEMENT, f"`_type` of the statement must be `{STATEMENT_TYPE}`"
        )
    kind = parsed.get("predicateType")
    if kind not in list(Predicate):
        raise InvalidAttestation(
            Check.PREDICATE_TYPE,
            f"`predicateType` is `{shown(str(kind))}`; this registry takes "
            f"{' and '.join(f'`{known}`' for known in Predicate)}",
        )
    return Statement(Predicate(kind), _subjects(parsed.get("subject")))


def check_subject(statement: Statement, name: str, sha256: str) -> None:
    """Whether the statement is about this file; raises InvalidAttestation."""
    if name not in statement.subjects:
        raise InvalidAttestation(
            Check.SUBJECT,
            f"the statement is not about `{name}`, but about "
            f"{', '.join(f'`{shown(known)}`' for known in list(statement.subjects)[:3])}",
        )
    if (stated := statement.subjects[name]) != sha256:
        raise InvalidAttestation(
            Check.DIGEST,
            f"the statement is about a `{name}` with the SHA-256 {shown(stated)}, but the one that "
            f"was published has {sha256}",
        )


def _slices(text: str, count: int) -> tuple[bytes, ...]:
    """Cut out of the text itself: writing JSON anew would change bytes."""
    start = _START.match(text)
    if start is None:
        _shape("the key `attestations` must be written without escapes")
    decoder, place, found = json.JSONDecoder(), start.end(), []
    for _ in range(count):
        _, end = decoder.raw_decode(text, place)
        found.append(text[place:end].encode())
        between = _BETWEEN.match(text, end)
        place = between.end() if between else end
    return tuple(found)


def _subjects(value: object) -> dict[str, str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SUBJECTS:
        raise InvalidAttestation(
            Check.SUBJECT, f"`subject` of the statement must be a list of 1 to {MAX_SUBJECTS}"
        )
    found: dict[str, str] = {}
    for entry in value:
        name = entry.get("name") if isinstance(entry, dict) else None
        digest = entry.get("digest") if isinstance(entry, dict) else None
        sha256 = digest.get("sha256") if isinstance(digest, dict) else None
        if not isinstance(name, str) or not isinstance(sha256, str):
            raise InvalidAttestation(
                Check.SUBJECT, "each `subject` of the statement needs `name` and `digest.sha256`"
            )
        if name in found:
            raise InvalidAttestation(Check.SUBJECT, f"the subject `{shown(name)}` occurs twice")
        found[name] = sha256
    return found


def base64_bytes(value: object, what: str) -> bytes:
    """Raises InvalidAttestation for anything but a text of base64."""
    try:
        return b64decode(cast(str, value), validate=True)
    except (ValueError, TypeError):
        _shape(f"{what} must be base64")


def _json(data: bytes, what: str, check: Check = Check.SHAPE) -> object:
    try:
        return parse_json(data)
    except InvalidData as error:
        raise InvalidAttestation(check, f"{what} is not JSON: {error}") from None


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        _shape(f"{what} must be a JSON object")
    return value


def _shape(detail: str) -> NoReturn:
    raise InvalidAttestation(Check.SHAPE, detail)
