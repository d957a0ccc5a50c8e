"""Counts the downloads in an access log by columns, exactly as `access_log` does line by line.

The engine takes lines apart by the patterns of `log_shapes`. Of their fields each text is judged
once, by the functions of `access_log`; a line of no such shape is read by it as a whole. Whoever
imports this loads polars, some 40 MB: the command that counts does, and no web process.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from urllib.parse import unquote

import polars as pl

from registry.formats.access_log import (
    AccessLog,
    Download,
    counts,
    day_of,
    is_name,
    is_number,
    version_in,
)
from registry.formats.log_shapes import COMBINED, COMMON, Shape, json_shape, tabbed_shape

# Python reads integers of at most 4300 digits, so a longer line is not the engine's.
MAX_LINE = 4000
MAX_SHAPES = 8
LEARNT_AT_ONCE = 3

REQUEST = ("method", "status", "agent")
FIELDS = ("time", "path", *REQUEST)
# A line that is a comment once the spaces before it, of which Unicode has many, are taken away.
_COMMENT = re.compile(rb"^[^!-~\n]*#[^\n]*\n?", re.MULTILINE)
# Plain times of a day in UTC; how many letters say which day, and what makes a time of them again.
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_TIMES = (
    (rf"^[0-9-]{{10}}T{_CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|\+00:00)?$", 10, ""),
    (rf"^[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:{_CLOCK} \+0000$", 11, ":00:00:00 +0000"),
    # Seconds since 1970.
    (r"^[0-9]{10}\.[0-9]{1,6}$", 10, ""),
)
# The commonest of what `version_in` understands: it ends in one of two ways.
_PLAIN_PATH = (
    r"^(?:https?://[^/?%]*)?(?:/api/v1)?/crates/(?P<name>[A-Za-z0-9_-]+)/"
    r"(?:(?P<num>[0-9A-Za-z.+-]+)/download|(?P<file>[0-9A-Za-z_.+-]+\.crate))$"
)


class LogColumns:
    """`counts` and `unreadable` are of what `add` was given, once that is settled."""

    def __init__(self, header: bytes = b"", *, waiting: int = 50_000, size: int = 1) -> None:
        """`header` names the columns of a text that continues.

        A text is taken apart once it has `size` bytes, since each call of the engine has its price.
        Of `waiting` lines, equal ones are put together; paths and times are judged once there are
        so many different ones.
        """
        self.counts: Counter[Download] = Counter()
        self.unreadable = 0
        self._log = AccessLog()
        self._texts: list[bytes] = []
        self._limit, self._size = waiting, size
        self._waiting: list[pl.DataFrame] = []
        self._asked: list[pl.DataFrame] = []
        self._learnt: list[Shape] = []
        self._read_alone([header.decode(errors="replace")])

    def add(self, text: bytes) -> None:
        """Whole lines."""
        self._texts.append(text)
        if sum(map(len, self._texts)) >= self._size:
            self._read()

    def settle(self) -> None:
        """Judges what waits; each text once, in the order in which `access_log` looks at them."""
        self._read()
        self._put_together()
        self._judge()

    def _read(self) -> None:
        text = b"".join(self._texts)
        self._texts = []
        for part in _with_comments_apart(text):
            if _COMMENT.match(part):
                self._read_alone(part.decode(errors="replace").split("\n"))
            else:
                self._take_apart(_lines(part))
        if _height(self._waiting) >= self._limit:
            self._put_together()
        if _height(self._asked) >= self._limit:
            self._asked = [_added_up(self._asked, "path", "time")]
            # If most of them are the same, there is room for more.
            if _height(self._asked) >= self._limit / 2:
                self._judge()

    def _put_together(self) -> None:
        """Requests that count, each path and time once, with how many lines have them."""
        if not self._waiting:
            return
        found = _answered(pl.concat(self._waiting), REQUEST, _verdict, pl.Boolean)
        self._waiting = []
        self.unreadable += found["answer"].null_count()
        found = found.filter("answer").select("path", "time")
        found = found.with_columns(_shortened(found["time"])).group_by("path", "time").len()
        # Copied, since a view of the path would keep the text that it was cut out of.
        self._asked.append(found.with_columns(pl.concat_str("path")))

    def _judge(self) -> None:
        if not self._asked:
            return
        found = _added_up(self._asked, "path", "time")
        self._asked = []
        found = found.join(_versions(found["path"].unique()), on="path")
        found = _answered(found, ["time"], _day, pl.Date)
        self.unreadable += int(found.filter(pl.col("answer").is_null())["len"].sum())
        found = found.filter(pl.col("answer").is_not_null())
        for name, num, day, lines in _added_up([found], "name", "num", "answer").iter_rows():
            self.counts[Download(name, num, day)] += lines

    def _read_alone(self, lines: Sequence[str]) -> None:
        before = self._log.unreadable
        self.counts.update(self._log.downloads(lines))
        self.unreadable += self._log.unreadable - before

    def _take_apart(self, lines: pl.Series) -> None:
        tabbed = tabbed_shape(self._log.columns)
        for shape in (*([tabbed] if tabbed else []), *self._learnt, COMBINED, COMMON):
            lines = self._take(shape, lines)
        if lines.is_empty():
            return
        for _ in range(min(LEARNT_AT_ONCE, MAX_SHAPES - len(self._learnt))):
            if found := _shape_among(lines):
                self._learnt.append(found)
                lines = self._take(found, lines)
        self._read_alone(lines.to_list())

    def _take(self, shape: Shape, lines: pl.Series) -> pl.Series:
        """The lines that do not fit are left."""
        if lines.is_empty():
            return lines
        cells = _cells(lines, shape.pattern)
        fits = cells["status"].is_not_null() & (lines.str.len_bytes() <= MAX_LINE)
        if fits.all():
            # As a rule; to sort out none costs as much as to sort out some.
            self._waiting.append(_fields(shape, cells))
            return lines.clear()
        if fits.any():
            self._waiting.append(_fields(shape, cells.filter(fits)))
        return lines.filter(~fits)


def last_header(text: bytes, before: bytes) -> bytes:
    """The line that names the columns behind this text: the last one in it, or the one before."""
    if b"#Fields:" not in text:
        return before
    lines = [line for line in _COMMENT.findall(text) if b"#Fields:" in line]
    return lines[-1] if lines else before


def _with_comments_apart(text: bytes) -> Iterator[bytes]:
    end = 0
    # The search costs more than the question.
    for comment in _COMMENT.finditer(text) if b"#" in text else ():
        if comment.start() > end:
            yield text[end : comment.start()]
        yield comment[0]
        end = comment.end()
    if end < len(text):
        yield text[end:] if end else text


def _lines(text: bytes) -> pl.Series:
    # What is not UTF-8 is replaced, as everywhere.
    return pl.read_lines(text if text.isascii() else text.decode(errors="replace").encode())["line"]


def _shape_among(lines: pl.Series) -> Shape | None:
    """Of the first line that looks like JSON."""
    for line in lines.filter(lines.str.contains("^[{<]")).head(1):
        return json_shape(line)
    return None


def _cells(lines: pl.Series, pattern: str) -> pl.DataFrame:
    """What the groups of the pattern found; null where it does not match. On all cores."""
    size = lines.len() // pl.thread_pool_size() + 1
    cells = pl.col(lines.name).str.extract_groups(pattern).struct.unnest()
    return pl.concat(
        pl.collect_all(part.lazy().select(cells) for part in lines.to_frame().iter_slices(size))
    )


def _added_up(frames: Sequence[pl.DataFrame], *keys: str) -> pl.DataFrame:
    return pl.concat(frames).group_by(keys).agg(pl.col("len").sum())


def _height(frames: Sequence[pl.DataFrame]) -> int:
    return sum(frame.height for frame in frames)


def _fields(shape: Shape, cells: pl.DataFrame) -> pl.DataFrame:
    if shape.is_tabbed:
        cells = cells.with_columns(
            pl.concat_str("date", pl.lit("T"), "time", pl.lit("Z")).alias("time"),
            _unquoted(cells["path"]),
            _unquoted(cells["agent"]),
        )
    return cells.select(
        pl.col(name) if name in cells.columns else pl.lit(None, pl.String).alias(name)
        for name in FIELDS
    )


def _unquoted(texts: pl.Series) -> pl.Series:
    encoded = texts.filter(texts.str.contains("%", literal=True)).unique()
    return texts.replace(encoded, pl.Series([unquote(text) for text in encoded], dtype=pl.String))


def _shortened(times: pl.Series) -> pl.Series:
    """With fewer different texts for the same days; plain times are so as a rule all alike."""
    sample = next(iter(times.head(1)), None) or ""
    for pattern, length, rest in _TIMES:
        if re.search(pattern, sample):
            short = times.str.head(length) + rest
            return short.zip_with(times.str.contains(pattern).fill_null(value=False), times)
    return times


def _answered(
    found: pl.DataFrame,
    names: Sequence[str],
    judge: Callable[..., object],
    kind: type[pl.DataType],
) -> pl.DataFrame:
    """With the answer beside each line, but asked once for equal texts."""
    texts = found.select(names).unique()
    answers = pl.Series("answer", [judge(*row) for row in texts.iter_rows()], kind)
    rest = found.drop("answer", strict=False)
    return rest.join(texts.with_columns(answers), on=names, how="left", nulls_equal=True)


def _verdict(method: str | None, status: str, agent: str | None) -> bool | None:
    if method is None:
        return None
    try:
        return counts(method, int(status), agent)
    except ValueError:
        return None


def _versions(paths: pl.Series) -> pl.DataFrame:
    """Name and number in each path that has them."""
    plain = pl.DataFrame(paths).with_columns(paths.str.extract_groups(_PLAIN_PATH).struct.unnest())
    beginning = pl.col("name") + "-"
    of_file = pl.col("file").str.strip_prefix(beginning).str.strip_suffix(".crate")
    plain = plain.with_columns(pl.coalesce("num", of_file).alias("num")).filter(
        pl.col("name").is_not_null(),
        pl.col("file").is_null() | pl.col("file").str.starts_with(beginning),
    )
    rest = [
        (path, *version)
        for path in paths.filter(~paths.is_in(plain["path"].implode()))
        if (version := version_in(path))
    ]
    plain = plain.filter(_each(plain["name"], is_name) & _each(plain["num"], is_number))
    others = pl.DataFrame(
        rest, schema=dict.fromkeys(("path", "name", "num"), pl.String), orient="row"
    )
    return pl.concat([plain.select("path", "name", "num"), others])


def _each(texts: pl.Series, judge: Callable[[str], bool]) -> pl.Series:
    """Whether it is so of each, asked once for equal texts."""
    return texts.is_in([text for text in texts.unique() if judge(text)])


def _day(time: str | None) -> date | None:
    try:
        return day_of(time)
    except (ValueError, OverflowError, OSError):
        return None
