"""Counts the downloads in access logs, part by part.

A log is known by the digest of its text, and by how much of it is counted: both are written in the
transaction that counts a part, so after a crash the next run goes on behind it. A log that has
grown meanwhile is known by its beginning, and what is new in it is counted.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.formats.access_log import AccessLog
from registry.formats.log_columns import LogColumns, last_header
from registry.models import CountedFile
from registry.operations.count_downloads import Counted, add_counts

# Where the first line that says something is looked for, and how long a line may be that is read.
FIRST_LINE_WITHIN = 1024 * 1024
LONGEST_LINE = 2 * 1024 * 1024

Pieces = Callable[[], Iterable[bytes]]


class CountedElsewhere(Exception):
    """Another process counts the same log at this moment."""


@dataclass(slots=True)
class _Stretch:
    """A log that ends at `length`; counted until `offset`."""

    name: str
    length: int
    offset: int = 0


@dataclass(slots=True)
class _Text:
    """What reading a log to its end tells; `known` are logs that it begins with."""

    length: int = 0
    first_line: str = ""
    known: list[_Stretch] = field(default_factory=list)
    _expected: list[_Stretch] = field(default_factory=list)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def name(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

    def read(self, lines: bytes) -> None:
        if not self.first_line and self.length < FIRST_LINE_WITHIN:
            self.first_line = _digest_of_first(lines[: FIRST_LINE_WITHIN - self.length])
            self._expected = _counted_logs(self.first_line) if self.first_line else []
        while self._expected and self._expected[0].length <= self.length + len(lines):
            log = self._expected.pop(0)
            until = self._digest.copy()
            until.update(lines[: log.length - self.length])
            if log.name == f"sha256:{until.hexdigest()}":
                self.known.append(log)
        self._digest.update(lines)
        self.length += len(lines)


def count_log(pieces: Pieces) -> Counted | None:
    """Counts what is not counted yet of a log; None if that is nothing.

    It is read twice. The first time is before anything is changed, so what `pieces` raises then
    leaves the counts alone. A last line that may not be finished yet is left for the next time.
    """
    text, unreadable = _read(pieces)
    row = CountedFile.objects.filter(name=text.name).first()
    if row and row.length is None:
        return None
    logs = [log for log in text.known if log.name != text.name]
    logs.append(_Stretch(text.name, text.length, (row.offset if row else 0) or 0))
    counted = Counted(unreadable=unreadable)
    start, is_new = 0, False
    for stretch in logs:
        start = max(start, stretch.offset)
        if start < stretch.length:
            counted += _count_stretch(pieces, stretch, start, text.first_line)
            is_new = True
        start = stretch.length
    return counted if is_new or not text.length else None


def _read(pieces: Pieces) -> tuple[_Text, int]:
    """With 1 for a last line that is left out."""
    text = _Text()
    unfinished = b""
    for lines in _whole_lines(pieces()):
        if unfinished:
            text.read(unfinished)
        unfinished = b"" if lines.endswith(b"\n") else lines
        if not unfinished:
            text.read(lines)
    if unfinished and _is_whole(unfinished):
        text.read(unfinished)
        unfinished = b""
    return text, int(bool(unfinished))


def _is_whole(line: bytes) -> bool:
    """Whether a last line without an end is surely not cut off: where it ends tells."""
    log = AccessLog()
    list(log.downloads([line.decode(errors="replace")]))
    return line.rstrip().endswith((b"}", b'"')) and not log.unreadable


def _count_stretch(pieces: Pieces, stretch: _Stretch, start: int, first_line: str) -> Counted:
    reader = LogColumns(waiting=settings.LOG_LINES_AT_ONCE, size=settings.LOG_BYTES_AT_ONCE)
    counted = Counted()
    for lines, offset in _between(pieces, start, stretch.length):
        reader.add(lines)
        if len(reader.counts) >= settings.LOG_COUNTS_AT_ONCE or offset == stretch.length:
            reader.settle()
            counted += _commit(stretch, reader, offset, first_line)
    return counted


@transaction.atomic
def _commit(stretch: _Stretch, reader: LogColumns, offset: int, first_line: str) -> Counted:
    """Takes what the reader has found; raises CountedElsewhere."""
    counted = add_counts(reader.counts)
    row, _ = CountedFile.objects.get_or_create(
        name=stretch.name,
        defaults={
            "kind": CountedFile.Kind.LOG,
            "first_line": first_line,
            "length": stretch.length,
            "offset": 0,
        },
    )
    # add_counts holds the lock under which it is written.
    if row.offset != stretch.offset:
        raise CountedElsewhere
    row.offset = stretch.offset = offset
    row.counted_at = timezone.now()
    row.save(update_fields=["offset", "counted_at"])
    counted += Counted(unreadable=reader.unreadable)
    reader.counts.clear()
    reader.unreadable = 0
    return counted


def _between(pieces: Pieces, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Whole lines of that part, behind the header that holds for them; where each text ends."""
    at = 0
    header = b""
    for lines in _whole_lines(pieces()):
        before, wanted = lines[: max(start - at, 0)], lines[max(start - at, 0) : end - at]
        at += len(lines)
        header = last_header(before, header)
        if before and not before.endswith(b"\n"):
            # The line was counted when it had no end yet.
            wanted = wanted.partition(b"\n")[2]
        if header and at > start:
            wanted, header = header.rstrip() + b"\n" + wanted, b""
        if at > start:
            yield wanted, min(at, end)
        if at >= end:
            return


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Texts that end where a line does, but for the last, and where a line is very long."""
    rest = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end or len(rest) >= LONGEST_LINE:
            yield rest + piece[:end]
            rest = piece[end:]
        else:
            rest += piece
    if rest:
        yield rest


def _digest_of_first(lines: bytes) -> str:
    """Of the first line that says something, which a log has in common with its beginnings."""
    for line in lines.splitlines():
        if line.strip() and not line.startswith(b"#"):
            return hashlib.sha256(line.strip()).hexdigest()
    return ""


def _counted_logs(first_line: str) -> list[_Stretch]:
    """The shortest first."""
    rows = CountedFile.objects.exclude(first_line="").filter(first_line=first_line)
    known = rows.exclude(length=None).order_by("length").values_list("name", "length", "offset")
    return [_Stretch(name, length or 0, offset or 0) for name, length, offset in known]
