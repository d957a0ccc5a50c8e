"""Addresses that a manifest names, and which of them are shown."""

import re
from urllib.parse import urlsplit

from registry.formats.errors import FormatError, shown

MAX_URL_LENGTH = 2048

# crates-io-api reference, 1.1: domains that were given up and now belong to strangers.
HIDDEN_HOSTS = (
    "rust-ci.org",
    "rustless.org",
    "ironframework.io",
    "nebulanet.cc",
    "esp-rs.org",
    "ncollide.org",
)

_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f<>\"`\\]")
_INDEX = re.compile(r"[a-z][a-z0-9+.-]*://[^/]+")


class InvalidUrl(FormatError):
    """Not an address that a page may link to."""


def check_url(field: str, url: str) -> None:
    """`field` names the manifest's key in the message. Raises InvalidUrl."""
    if not url.startswith(("http://", "https://")):
        raise InvalidUrl(
            f"URL for field `{field}` must begin with http:// or https:// (url: {shown(url)})"
        )
    if _UNSAFE.search(url) or len(url) > MAX_URL_LENGTH or not _host(url):
        raise InvalidUrl(f"`{shown(url)}` is not a valid url for field `{field}`")


def check_index_url(url: str) -> None:
    """The index of another registry, as cargo writes it. Raises InvalidUrl."""
    if _UNSAFE.search(url) or len(url) > MAX_URL_LENGTH or not _INDEX.match(url):
        raise InvalidUrl(f"`{shown(url)}` is not a valid registry index url")


def is_shown(url: str) -> bool:
    """False for what does not parse and for hosts that were given up."""
    host = _host(url) if url.startswith(("http://", "https://")) else ""
    if not host or _UNSAFE.search(url):
        return False
    return not any(host == hidden or host.endswith(f".{hidden}") for hidden in HIDDEN_HOSTS)


def _host(url: str) -> str:
    """Empty for what does not parse."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what checks it
        return (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
