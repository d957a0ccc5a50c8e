"""A repository's address as people paste it: from the browser, or from `git remote`.

It only fills in a form that a person reads before saving; nothing is asked at the address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

_WEB = frozenset({"http", "https", "git+http", "git+https"})
_GIT = frozenset({"ssh", "git", "git+ssh"})
# As git itself writes it: user, host, and a path after a colon.
_SCP = re.compile(r"[A-Za-z0-9._-]+@([A-Za-z0-9.-]+):(?!/)(.+)")
_HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d{1,5})?")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Address:
    """A host in lower case, its port where one is written, and the path's segments, unquoted."""

    host: str
    port: int | None
    path: tuple[str, ...]
    # git's own ways to a forge have other ports and roots than its pages.
    is_web: bool = True
    # False where the first part of "a.b/c/d" may be a host, and may be a group with a dot.
    is_certain: bool = True

    def under(self, base: "Address") -> tuple[str, ...] | None:
        """The segments below a forge's web address; None for an address of elsewhere."""
        if self.host.removeprefix("www.") != base.host.removeprefix("www."):
            return None
        if not self.is_web:
            return self.path
        root = len(base.path)
        if self.port != base.port or self.path[:root] != base.path:
            return None
        return self.path[root:]


def read_address(text: str) -> Address | None:
    """None for what is no address, such as "owner/name", or has a password in it."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if "://" in text:
        return _of_url(text)
    if scp := _SCP.fullmatch(text):
        return Address(scp[1].lower(), None, _segments(scp[2]), is_web=False)
    host, _, path = text.partition("/")
    if _HOST.fullmatch(host) and "/" in path.strip("/"):
        found = _of_url(f"https://{text}")
        return replace(found, is_certain=False) if found else None
    return None


def place_in(text: str, base: Address | None = None) -> tuple[str, ...]:
    """The segments below the forge that an address or "owner/name" leads to.

    Without `base` any host will do; () for an address of another host than that of `base`.
    """
    address = read_address(text)
    if address and address.is_certain:
        return address.path if base is None else address.under(base) or ()
    if address and base and (place := address.under(base)):
        return place
    return () if "://" in text or "@" in text else _segments(text)


def ci_file_in(page: Sequence[str]) -> str:
    """The CI file that a page below a repository shows, such as .github/workflows/release.yml.

    `page` is what follows the repository, as blob/main/.github/workflows/release.yml, where a
    branch may have slashes. "" for any other page.
    """
    if not page or not page[-1].endswith((".yml", ".yaml")):
        return ""
    if tuple(page[:2]) == ("actions", "workflows"):
        return page[-1]
    if len(page) > 2 and page[-2] == "workflows" and page[-3].startswith("."):
        return "/".join(page[-3:])
    return ""


def _of_url(text: str) -> Address | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _WEB | _GIT or not parts.hostname or parts.password:
        return None
    usual = {"https": 443, "http": 80}.get(scheme.removeprefix("git+"))
    port = None if port == usual else port
    return Address(parts.hostname, port, _segments(parts.path), is_web=scheme in _WEB)


def _segments(path: str) -> tuple[str, ...]:
    parts = [unquote(part) for part in path.strip().split("/") if part]
    if parts:
        parts[-1] = parts[-1].removesuffix(".git")
    return tuple(parts)
