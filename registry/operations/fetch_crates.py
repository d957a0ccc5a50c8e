"""Brings crates of another registry's sparse index into a folder, from where they are imported."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from accounts.errors import InvalidInput
from adapters.atomic_file import write_atomically
from adapters.http import OutgoingError, RawAnswer, fetch
from registry.formats.errors import FormatError
from registry.formats.foreign_index import (
    ForeignVersion,
    InvalidIndex,
    download_url,
    read_config,
    read_versions,
)
from registry.formats.names import check_crate_name, index_path
from registry.models import CrateLimits

MAX_INDEX_BYTES = 64 * 1024 * 1024
SECONDS_FOR_AN_ARCHIVE = 300.0
ATTEMPTS = 4
REDIRECTS = 3
DOWNLOADS_AT_ONCE = 8

Track = Callable[[list[ForeignVersion]], Iterable[ForeignVersion]]


@dataclass(slots=True)
class ForeignRegistry:
    """`token` goes where cargo sends it: to the index, and to where a private one has archives."""

    index_url: str
    token: str = ""
    # Seconds before another try; the first wait, doubled each time.
    pause: float = 1.0
    problems: list[str] = field(default_factory=list)
    # Where archives of a private registry are.
    private_archives: str = ""

    @property
    def address(self) -> str:
        return self.index_url.removeprefix("sparse+").rstrip("/")

    def get(self, url: str, max_bytes: int) -> RawAnswer:
        """Tries again what is worth it, and follows redirects; raises OutgoingError."""
        for attempt in range(ATTEMPTS):
            try:
                return self._get(url, max_bytes)
            except OutgoingError as error:
                if not error.retryable or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(self.pause * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _get(self, url: str, max_bytes: int) -> RawAnswer:
        for _ in range(REDIRECTS + 1):
            own = urlsplit(url)[:2] in (
                urlsplit(self.address)[:2],
                urlsplit(self.private_archives)[:2],
            )
            answer = fetch(
                url,
                allow_private=True,
                headers={"Authorization": self.token} if own and self.token else {},
                max_bytes=max_bytes,
                total_timeout=SECONDS_FOR_AN_ARCHIVE,
            )
            if answer.status not in (301, 302, 303, 307, 308):
                break
            url = urljoin(url, answer.headers.get("location", ""))
        if answer.status in (401, 403):
            raise OutgoingError(f"{urlsplit(url).hostname} wants another token", False, 401)
        if answer.status not in (200, 404, 410, 451):
            retryable = answer.status == 429 or answer.status >= 500
            host = urlsplit(url).hostname
            raise OutgoingError(f"{host} answered {answer.status}", retryable, answer.status)
        return answer


def download_template(registry: ForeignRegistry) -> str:
    """What its config.json says; raises InvalidInput where there is no index to read."""
    try:
        answer = registry.get(f"{registry.address}/config.json", 64 * 1024)
        template, is_private = read_config(answer.content)
    except InvalidIndex as error:
        raise InvalidInput(f"{registry.address} is no sparse index: {error}") from None
    except OutgoingError as error:
        raise InvalidInput(f"{registry.address} cannot be read: {error}") from None
    if is_private:
        registry.private_archives = template
    return template


def find_versions(
    registry: ForeignRegistry, names: Iterable[str], *, with_dependencies: bool = True
) -> list[ForeignVersion]:
    """Every version of the named crates, and of all that they need of the same registry.

    What is missing or makes no sense there is added to the registry's problems.
    """
    waiting = list(dict.fromkeys(names))
    seen = {name.lower() for name in waiting}
    found: list[ForeignVersion] = []
    while waiting:
        name = waiting.pop()
        for version in _versions_of(registry, name):
            found.append(version)
            for needed in sorted(version.needs if with_dependencies else ()):
                if needed.lower() not in seen:
                    seen.add(needed.lower())
                    waiting.append(needed)
    return found


def bring(
    registry: ForeignRegistry,
    template: str,
    versions: list[ForeignVersion],
    folder: Path,
    track: Track = iter,
) -> None:
    """Writes `NAME-VERSION.crate` and its `.json` for each; what is there whole is not asked for.

    `template` says where archives are. An archive whose SHA-256 is not the index's is not kept;
    what could not be had is added to the registry's problems. Raises OSError.
    """
    own = dict(CrateLimits.objects.values_list("canonical_name", "max_upload_bytes"))
    limit = max([settings.MAX_UPLOAD_BYTES, *filter(None, own.values())])

    def one(version: ForeignVersion) -> tuple[ForeignVersion, str]:
        return version, _bring_one(registry, template, version, folder, limit)

    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as threads:
        for (version, problem), _ in zip(threads.map(one, versions), track(versions), strict=True):
            if problem:
                registry.problems.append(f"{version.file_name}: {problem}")


def _versions_of(registry: ForeignRegistry, name: str) -> Iterator[ForeignVersion]:
    try:
        check_crate_name(name)
        answer = registry.get(f"{registry.address}/{index_path(name)}", MAX_INDEX_BYTES)
        if answer.status == 200:
            yield from read_versions(answer.content, name)
        else:
            registry.problems.append(f"{name}: no such crate at {registry.address}")
    except (OutgoingError, FormatError) as error:
        registry.problems.append(f"{name}: {error}")


def _bring_one(
    registry: ForeignRegistry, template: str, version: ForeignVersion, folder: Path, limit: int
) -> str:
    """Answers what is wrong, or nothing."""
    archive = folder / version.file_name
    if not _is_whole(archive, version.checksum):
        try:
            answer = registry.get(download_url(template, version), limit)
        except OutgoingError as error:
            return str(error)
        if answer.status != 200:
            return f"the registry has no archive ({answer.status})"
        if hashlib.sha256(answer.content).hexdigest() != version.checksum:
            return "its SHA-256 is not the one in the index; it was not kept"
        write_atomically(archive, answer.content, durable=False)
    # Anew each time: a version may have been yanked since.
    text = json.dumps(version.metadata(f"sparse+{registry.address}/"), indent=1)
    write_atomically(archive.with_suffix(".json"), text.encode(), durable=False)
    return ""


def _is_whole(archive: Path, checksum: str) -> bool:
    try:
        with archive.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == checksum
    except FileNotFoundError:
        return False
