"""Reads what cargo wrote into an archive about the checkout that it was packed from.

Source: cargo book, `cargo package`, ".cargo_vcs_info.json format".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SHA1 = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class VcsInfo:
    """The uploader's word: anybody can put any commit there.

    `dirty` says that files differed from the commit; `path` is the crate's folder, empty for the
    root of the repository.
    """

    sha: str
    dirty: bool
    path: str


def read_vcs_info(record: object) -> VcsInfo | None:
    """None where the record names no git commit, whatever else it holds."""
    if not isinstance(record, Mapping):
        return None
    git, path = record.get("git"), record.get("path_in_vcs", "")
    sha = git.get("sha1") if isinstance(git, Mapping) else None
    if not isinstance(sha, str) or not _SHA1.fullmatch(sha.lower()):
        return None
    return VcsInfo(
        sha=sha.lower(),
        dirty=isinstance(git, Mapping) and git.get("dirty") is True,
        path=path if isinstance(path, str) else "",
    )
