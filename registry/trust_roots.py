"""The roots of trust that attestations are verified against, from the operator's files.

Files may change while the registry runs. One that cannot be read verifies nothing, and never makes
anything unverified either (decision 0039).
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from registry.formats.attestation import InvalidAttestation, InvalidRoot, Verified

MAX_FILE_BYTES = 4 * 1024 * 1024
# By name, because Sigstore's library takes a third of a second and 24 MB: only a process that
# verifies something loads it.
WITH_LOG = "registry.formats.sigstore_bundle.SigstoreRoot"
WITH_TIMESTAMPS = "registry.formats.timestamped_bundle.TimestampedRoot"

logger = logging.getLogger(__name__)
_Stamp = tuple[int, int, int]


class NoTrustRoots(Exception):
    """The operator named none."""


class UnreadableTrustRoot(Exception):
    """A file is missing or malformed; its text says which and why."""


class Root(Protocol):
    def verify(self, bundle: bytes) -> Verified: ...


@dataclass(frozen=True, slots=True)
class NamedRoot:
    """`name` is the file's name and the first digits of the root's SHA-256."""

    name: str
    root: Root


class _Files:
    """What the files held when they were last read, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Path, tuple[_Stamp, tuple[NamedRoot, ...]]] = {}

    def roots(self, path: Path) -> tuple[NamedRoot, ...]:
        """Raises UnreadableTrustRoot."""
        try:
            stamp = _stamp(path)
            with self._lock:
                kept = self._kept.get(path)
                if kept is None or kept[0] != stamp:
                    kept = self._kept[path] = (stamp, tuple(_read(path)))
            return kept[1]
        except (OSError, InvalidRoot) as error:
            raise UnreadableTrustRoot(f"{path}: {error}") from None


_files = _Files()


def verify(bundle: bytes) -> tuple[Verified, str]:
    """What the first root proves that proves anything, and the root's name.

    Raises InvalidAttestation if none does, UnreadableTrustRoot if one that could not be read might
    have, and NoTrustRoots.
    """
    if not settings.ATTESTATION_TRUST_ROOTS:
        raise NoTrustRoots
    refusals: list[InvalidAttestation] = []
    unreadable: UnreadableTrustRoot | None = None
    for path in settings.ATTESTATION_TRUST_ROOTS:
        try:
            for named in _files.roots(path):
                try:
                    return named.root.verify(bundle), named.name
                except InvalidAttestation as refusal:
                    refusals.append(refusal)
        except UnreadableTrustRoot as error:
            logger.error("root of trust cannot be read: %s", error)
            unreadable = error
    raise unreadable or _clearest(refusals)


def _clearest(refusals: list[InvalidAttestation]) -> InvalidAttestation:
    texts = dict.fromkeys(map(str, refusals))
    return InvalidAttestation(refusals[0].check, "; or ".join(texts))


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Iterator[NamedRoot]:
    """One root, or one on each line, as `gh attestation trusted-root` prints them."""
    with path.open("rb") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise InvalidRoot(f"it has more than {MAX_FILE_BYTES} bytes")
    for part in _parts(text):
        digest = hashlib.sha256(part).hexdigest()
        yield NamedRoot(f"{path.name[:200]} {digest[:16]}", import_string(_kind(part))(part))


def _parts(text: bytes) -> list[bytes]:
    try:
        json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            raise InvalidRoot("it is empty") from None
        return lines
    return [text]


def _kind(text: bytes) -> str:
    """GitHub's own instance, which signs for private repositories, has no public log."""
    try:
        parsed = json.loads(text)
    except ValueError:
        raise InvalidRoot("it is not JSON") from None
    has_log = isinstance(parsed, dict) and parsed.get("tlogs")
    return WITH_LOG if has_log else WITH_TIMESTAMPS
