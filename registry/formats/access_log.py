"""Lines of web servers' and CDNs' access logs, and which of them count as a download.

The rule is crates.io's (crates-io-api reference, 6.9): GET, answered with 200, by cargo or by
something that does not say what it is.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from registry.formats.errors import FormatError
from registry.formats.names import check_crate_name
from registry.formats.semver import Version

# Logs write a dash where there was none.
_ABSENT = ("", "-")
_CARGO = re.compile(r"cargo(?:[/ +]|%20|%2[Ff])")
_ORIGIN = re.compile(r"^https?://[^/]*")
_API_PATH = re.compile(r"(?:^|/)crates/(?P<name>[^/]+)/(?P<num>[^/]+)/download\Z")
_FILE_PATH = re.compile(r"(?:^|/)crates/(?P<name>[^/]+)/(?P=name)-(?P<num>[^/]+)\.crate\Z")
_COMBINED = re.compile(
    r'\S+ \S+ [^\[]*\[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" '
    r'(?P<status>\d{3}) \S+(?: "(?:[^"\\]|\\.)*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
# What JSON logs call a field, the commonest first; a dot leads into an object.
JSON_NAMES = {
    "time": ("date_time", "time_iso8601", "time", "timestamp", "ts", "time_local"),
    "method": ("method", "request_method", "request.method"),
    "path": ("url", "request_uri", "uri", "path", "request.uri"),
    "status": ("status",),
    "agent": (
        *("http.useragent", "http_user_agent", "user_agent", "useragent"),
        "request.headers.User-Agent",
    ),
}


class Download(NamedTuple):
    """A version as the request spelled it, and the day in UTC."""

    name: str
    num: str
    day: date


class UnreadableLine(FormatError):
    """A line in none of the forms that are known."""


@dataclass(slots=True)
class AccessLog:
    """Reads the lines of one file; `unreadable` counts those that could not be read.

    `columns` are those that the last header names.
    """

    unreadable: int = 0
    columns: list[str] = field(default_factory=list)

    def downloads(self, lines: Iterable[str]) -> Iterator[Download]:
        """What counts, in the order of the file."""
        for line in lines:
            try:
                found = self._read(line.strip())
            except (ValueError, OverflowError, OSError, RecursionError):
                self.unreadable += 1
                continue
            if found is not None:
                yield found

    def _read(self, line: str) -> Download | None:
        if not line:
            return None
        if line.startswith("#"):
            self.columns = line.split()[1:] if line.startswith("#Fields:") else self.columns
            return None
        if line[0] in "{<":
            return _counted(_json_entry(line))
        if self.columns and "\t" in line:
            return _counted(self._tabbed_entry(line))
        found = _COMBINED.match(line)
        if found is None:
            raise UnreadableLine("neither a combined, nor a tab-separated, nor a JSON line")
        return _counted(found.groupdict())

    def _tabbed_entry(self, line: str) -> Mapping[str, Any]:
        """CloudFront's; it encodes paths and agents once more than they came."""
        cells = dict(zip(self.columns, line.split("\t"), strict=False))
        return {
            "time": f"{cells['date']}T{cells['time']}Z"
            if {"date", "time"} <= cells.keys()
            else None,
            "method": cells.get("cs-method"),
            "path": unquote(cells.get("cs-uri-stem", "")),
            "status": cells.get("sc-status"),
            "agent": unquote(cells.get("cs(User-Agent)", "")),
        }


def counts(method: str, status: int, agent: str | None) -> bool:
    """Whether a request for an archive is a download, by its method, answer and user agent."""
    if method != "GET" or status != 200:
        return False
    return agent is None or agent in _ABSENT or _CARGO.match(agent) is not None


def _counted(entry: Mapping[str, Any]) -> Download | None:
    method, status, agent = entry["method"], entry["status"], entry["agent"]
    if not isinstance(method, str) or not isinstance(entry["path"], str):
        raise UnreadableLine("no method or path")
    if not isinstance(agent, str | None):
        raise UnreadableLine("the user agent is no text")
    if not counts(method, int(str(status)), agent):
        return None
    version = version_in(entry["path"])
    return Download(*version, day_of(entry["time"])) if version else None


def version_in(address: str) -> tuple[str, str] | None:
    """Name and number in a path or in a whole address; None if it is not an archive's."""
    path = _ORIGIN.sub("", address).partition("?")[0]
    path = unquote(path) if "%" in path else path
    found = _API_PATH.search(path) or _FILE_PATH.search(path)
    if found is None:
        return None
    name, num = found["name"], found["num"]
    return (name, num) if is_name(name) and is_number(num) else None


# The same few of both are in most of a log's lines.
@lru_cache(maxsize=50_000)
def is_name(text: str) -> bool:
    try:
        check_crate_name(text)
    except FormatError:
        return False
    return True


@lru_cache(maxsize=10_000)
def is_number(text: str) -> bool:
    try:
        Version.parse(text)
    except FormatError:
        return False
    return True


def day_of(time: object) -> date:
    """In UTC; raises UnreadableLine or ValueError."""
    if isinstance(time, int | float):
        return datetime.fromtimestamp(time, UTC).date()
    if not isinstance(time, str):
        raise UnreadableLine("no time")
    # Python 3.11 reads what RFC 3339 allows, except for more than six digits of a second.
    text = re.sub(r"(\.\d{6})\d+", r"\1", time)
    if re.fullmatch(r"\d{1,10}(?:\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC).date()
    if "/" in text:
        moment = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    else:
        moment = datetime.fromisoformat(text)
    # A log without a zone is in UTC: CDNs say so, and servers in another zone name it.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


def _json_entry(line: str) -> Mapping[str, Any]:
    """A JSON object, alone or behind a syslog header."""
    start = line.find("{")
    if start < 0:
        raise UnreadableLine("no JSON object")
    entry = json.loads(line[start:])
    return {
        field: next(filter(None, (inner(entry, name) for name in names)), None)
        for field, names in JSON_NAMES.items()
    }


def inner(entry: Any, name: str) -> Any:
    for part in name.split("."):
        if not isinstance(entry, dict):
            return None
        entry = entry.get(part)
    # Caddy keeps each header as a list.
    return entry[0] if isinstance(entry, list) and entry else entry
