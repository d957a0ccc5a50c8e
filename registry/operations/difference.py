"""One thing on which database, index and stored files do not agree."""

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What is the matter, which decides whether and how it can be mended."""

    INDEX_DIFFERS = auto()
    STRAY_INDEX_FILE = auto()
    ARCHIVE_MISSING = auto()
    ARCHIVE_DAMAGED = auto()
    STRAY_ARCHIVE = auto()


@dataclass(frozen=True, slots=True)
class Difference:
    """`key` names the stored object, `crate_name` the crate whose index file it is or should be."""

    kind: Kind
    key: str
    problem: str
    crate_name: str = ""
    checksum: str = ""

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"
