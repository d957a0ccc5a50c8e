"""Does the address that a manifest names lead into the repository that the registry verified?"""

import re
from dataclasses import dataclass
from enum import StrEnum

# Strict on purpose: where browsers and parsers could disagree about an address - userinfo,
# backslashes, escapes, characters beyond ASCII - it does not match, and nothing is claimed of it.
_ADDRESS = re.compile(
    r"https?://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?P<port>:[0-9]{1,5})?"
    r"(?P<path>(?:/[A-Za-z0-9._~@+-]+)*)/?(?:[?#][!-\[\]-~]*)?"
)
_MIN_SEGMENTS = 2  # owner and name


class Agreement(StrEnum):
    """`UNKNOWN` where the two cannot be compared without guessing."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: str
    segments: tuple[str, ...]


def compare_repositories(claimed: str, verified: str) -> Agreement:
    """`claimed` may lead to a folder within the repository, with or without `.git` at its name.

    All segments of `verified` count, since forges nest groups: `group/project` and
    `group/sub/project` are two projects.
    """
    there, here = _read(claimed), _read(verified)
    if there is None or here is None or len(here.segments) < _MIN_SEGMENTS:
        return Agreement.UNKNOWN
    if there.port != here.port:
        # Perhaps the same server by its other name, perhaps not.
        return Agreement.UNKNOWN
    depth = len(here.segments)
    if there.host == here.host and _bare(there.segments[:depth]) == _bare(here.segments):
        return Agreement.SAME
    return Agreement.DIFFERENT


def compare_commits(claimed: str, verified: str) -> Agreement:
    """Both are full hashes in hex; empty means that nothing is known."""
    if not claimed or not verified:
        return Agreement.UNKNOWN
    return Agreement.SAME if claimed.lower() == verified.lower() else Agreement.DIFFERENT


def _read(address: str) -> _Place | None:
    found = _ADDRESS.fullmatch(address)
    if not found:
        return None
    segments = tuple(found["path"].lower().split("/")[1:])
    if any(segment in (".", "..") for segment in segments):
        return None
    return _Place(found["host"].lower(), found["port"] or "", segments)


def _bare(segments: tuple[str, ...]) -> tuple[str, ...]:
    return (*segments[:-1], segments[-1].removesuffix(".git")) if segments else ()
