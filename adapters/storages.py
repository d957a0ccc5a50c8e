"""Where crates and index files are kept: what we ask of any storage, and how one is chosen."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.file_storage import DurableFileStorage

_S3_OPTIONS = frozenset({"endpoint", "region"})


class ObjectStorage(Protocol):
    """Objects by name, such as `crates/serde/serde-1.0.0.crate`.

    Every method raises InvalidObjectName (a ValueError) for a name that is not plain, and
    OSError when the storage fails.
    """

    def write(
        self,
        name: str,
        content: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        cache_control: str = "no-cache",
        durable: bool = True,
    ) -> None:
        """Creates or replaces an object as a whole; once it returns, readers see it.

        With `durable` it also survives a power failure; what can be made anew needs no such wait.
        """

    def flush(self) -> None:
        """Waits until everything that was written without `durable` is safe as well."""

    def open_read(self, name: str) -> BinaryIO:
        """The content, from its start and able to seek; raises FileNotFoundError."""

    def differing(self, objects: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        """Of names and contents, the names of those that are missing or hold something else.

        No content means that there should be no object.
        """

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""

    def size(self, name: str) -> int:
        """In bytes; raises FileNotFoundError."""

    def modified_at(self, name: str) -> datetime:
        """When it was written last; raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Removes an object, if it is there."""

    def walk(self, prefix: str = "") -> Iterator[str]:
        """The names of all objects below a folder, in the order of their bytes."""

    def remove_unfinished(self, before: float) -> int:
        """Deletes what killed writers left before that time (seconds since 1970); how many."""

    def local_path(self, name: str) -> Path | None:
        """Where an object is or would be a file on this machine; None on S3."""

    def download_url(self, name: str) -> str | None:
        """An address that serves the object for a few minutes to whoever has it; None for files."""


def from_url(storage_url: str) -> ObjectStorage:
    """The storage that `file:///folder` or `s3://bucket/prefix?endpoint=...&region=...` names.

    Opens no connection. Raises ValueError with a sentence for the operator.
    """
    parts = urlsplit(storage_url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return DurableFileStorage(Path(unquote(parts.path)))
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError("the storage must be file:///folder or s3://bucket/prefix")
    if "@" in parts.netloc:
        raise ValueError("credentials of S3 belong into AWS_ACCESS_KEY_ID and its companion")
    options = dict(parse_qsl(parts.query))
    if unknown := options.keys() - _S3_OPTIONS:
        raise ValueError(f"S3 storage has no option {min(unknown)!r}, only endpoint and region")
    # The client of S3 takes longer to load than Django's models.
    from adapters.s3 import S3ObjectStorage  # noqa: PLC0415

    return S3ObjectStorage(
        parts.netloc,
        unquote(parts.path).strip("/"),
        endpoint=options.get("endpoint"),
        region=options.get("region"),
    )
