"""What an object in storage may be called (pure)."""

import re

# No part starts with a dot: this excludes `.` and `..`, and sets unfinished files apart.
_PART = r"[A-Za-z0-9_+~-][A-Za-z0-9_.+~-]{0,254}"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
# S3's limit for a key.
_MAX_LENGTH = 1024


class InvalidObjectName(ValueError):
    """The name could leave the storage's folder, or would not be the same everywhere."""


def checked(name: str) -> str:
    """The name, if it consists of plain parts between single slashes; or InvalidObjectName."""
    if len(name) > _MAX_LENGTH or not _NAME.fullmatch(name):
        raise InvalidObjectName(f"{name[:100]!r} cannot be the name of a stored object")
    return name


def checked_prefix(prefix: str) -> str:
    """A folder's name with one slash at its end; empty for everything."""
    folder = prefix.removesuffix("/")
    return checked(folder) + "/" if folder else ""
