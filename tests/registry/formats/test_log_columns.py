import json
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats.access_log import AccessLog
from registry.formats.log_columns import LogColumns, last_header
from registry.formats.log_shapes import COMBINED, COMMON, json_shape

HEADER = "#Fields: date time x-edge cs-method cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
TIME = "21/Nov/2026:06:53:49 +0000"

names = st.sampled_from(["serde", "Tide-Pool", "a", "9", "crates", "-", "a b", "é"])
nums = st.sampled_from(["1.0.0", "1.0.0+b", "2.0.0-rc.1", "1.0", "download", "1.0.0%2Bb"])
paths = st.one_of(
    st.builds("/api/v1/crates/{}/{}/download".format, names, nums),
    st.builds("{}/crates/{}/{}/download".format, st.sampled_from(["", "/x"]), names, nums),
    st.builds("/crates/{0}/{0}-{1}.crate".format, names, nums),
    st.builds("/crates/{}/{}-{}.crate".format, names, names, nums),
    st.sampled_from(
        ["/", "?", "-", '/"x', "/api/v1/crates/serde/1.0.0/download?a", "/index/se/rd"]
    ),
)
urls = st.builds(
    "{}{}".format, st.sampled_from(["", "", "https://a.example", "http://crates"]), paths
)
agents = st.sampled_from(
    [
        "cargo/1.90.0",
        "cargo%201.9",
        "cargo%2520x",
        "-",
        "",
        "curl/8 (x)",
        r"a\"b",
        r"a\\",
        "[é]",
        " ",
    ]
)
referers = st.sampled_from(["-", "", "https://x/#y", ' 200 1 "-" "', r"\"", " 404 7"])
methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "get", "", "-"])
statuses = st.sampled_from(["200", "200", "200", "304", "20", "2_00", "", "x", "0", "200.0"])
iso_times = st.sampled_from(
    [
        "2026-11-21T06:53:49Z",
        "2026-11-21T23:59:60Z",
        "2026-11-21T23:30:00.1234567-02:00",
        "2026-11-20T00:00:00.5",
        "2026-02-30T00:00:00Z",
        "1700000000",
        "1700006399.999999",
        "1.7e9",
        TIME,
        "",
        "x",
    ]
)
logged_times = st.sampled_from(
    [
        TIME,
        "20/Nov/2026:23:59:59 -0700",
        "31/Feb/2026:00:00:00 +0000",
        "x",
        "20/Nov/2026:24:00:00 +0000",
    ]
)
common = st.builds(
    '{} - {} [{}] "{} {} HTTP/1.1" {} 12'.format,
    st.sampled_from(["192.0.2.1", "#1", "{", "[::1]"]),
    st.sampled_from(["-", "b[b", "bob"]),
    logged_times,
    methods,
    urls,
    statuses,
)
combined = st.builds(
    '{} "{}" "{}"{}'.format, common, referers, agents, st.sampled_from(["", " x", '"'])
)
tabbed = st.builds(
    "\t".join,
    st.tuples(
        st.sampled_from(["2026-11-21", "2026-02-30", "", "#", "{"]),
        st.sampled_from(["06:53:49", "25:00:00", ""]),
        st.sampled_from(["FRA", "", "é"]),
        methods,
        paths,
        statuses,
        referers,
        agents,
    ),
)
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([])
)
flat = st.fixed_dictionaries(
    {"method": methods, "url": urls},
    optional={
        "status": st.one_of(statuses, st.sampled_from([200, 200, 304, 0, -200, 200.0, None])),
        "timestamp": st.one_of(
            iso_times, st.sampled_from([1700000000, 1700006399.9999999, 0, None])
        ),
        "time": iso_times,
        "user_agent": st.one_of(agents, st.none(), st.just({"a": 1})),
        "uri": values,
        "x": values,
        "http": st.fixed_dictionaries({"useragent": st.one_of(agents, values), "y": values}),
    },
)
caddy = st.fixed_dictionaries(
    {
        "ts": st.sampled_from([1700000000.123456, 1700006399.99999999, 1700000000]),
        "request": st.fixed_dictionaries(
            {
                "method": methods,
                "uri": urls,
                "headers": st.fixed_dictionaries(
                    {}, optional={"User-Agent": st.lists(agents, max_size=2), "X": st.just([[1]])}
                ),
            }
        ),
        "status": st.sampled_from([200, 200, 304]),
    }
)
spacing = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")])
entries = st.builds(
    lambda head, entry, marks: head + json.dumps(entry, separators=marks),
    st.sampled_from(["", "", "<134>1 host x: ", "<"]),
    st.one_of(flat, caddy),
    spacing,
)
twins = st.just('{"method":"GET","method":"HEAD","url":"/crates/a/1.0.0/download","status":200}')
odd = st.one_of(
    st.sampled_from(
        [HEADER, "#Fields: x", "  # y", "\x85#z", "\x1c", "", "\ufeff{}", "<", "{", "\0"]
    ),
    st.text(max_size=20).map(lambda text: text.replace("\n", "")),
)
lines = st.one_of(common, combined, combined, tabbed, tabbed, entries, entries, twins, odd)
texts = st.lists(lines, max_size=8).map(lambda found: [HEADER, *found, *found])


def by_line(text: bytes) -> tuple[Counter[object], int]:
    log = AccessLog()
    found = Counter(log.downloads(line.decode(errors="replace") for line in text.split(b"\n")))
    return Counter(found), log.unreadable


def by_column(*pieces: bytes) -> tuple[Counter[object], int]:
    columns = LogColumns()
    for piece in pieces:
        columns.add(piece)
    columns.settle()
    return Counter(columns.counts), columns.unreadable


@settings(max_examples=60)
@given(texts, st.sampled_from(["\n", "\r\n", " \n"]), st.binary(max_size=3))
@example(['1 - - [x] "GET /x" 200 5 " 404 7 " "cargo/1"'], "\n", b"")
def test_it_counts_as_line_by_line(found: list[str], end: str, noise: bytes) -> None:
    text = end.join(found).encode() + noise

    assert by_column(text) == by_line(text)


@settings(max_examples=30)
@given(texts, st.integers(0, 20))
def test_it_does_not_matter_where_pieces_end(found: list[str], at: int) -> None:
    first, second = ("\n".join(part).encode() for part in (found[:at], found[at:]))

    header = last_header(first, b"")
    continued = LogColumns(header)
    continued.add(second)
    continued.settle()
    whole, before = by_line(first + b"\n" + second), by_line(first)

    assert by_column(first + b"\n", second) == whole
    assert (before[0] + continued.counts, before[1] + continued.unreadable) == whole


@pytest.mark.parametrize(
    "line",
    [
        f'192.0.2.1 - - [{TIME}] "GET /x HTTP/1.1" 200 5 "-" "cargo/1.0"',
        f'192.0.2.1 - - [{TIME}] "GET /x HTTP/1.1" 200 5',
        '{"ts":17.5,"request":{"method":"GET","uri":"/","headers":{"Via":["x"]}},"status":200}',
        '<134>x: {"time": "2026-11-21T00:00:00Z", "url": "/", "method": "GET", "status": "200"}',
    ],
)
def test_common_forms_need_no_second_look(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [COMBINED, COMMON, *([shape] if (shape := json_shape(line)) else [])]
    columns = LogColumns()

    columns.add(f"{line}\n{line}".encode())

    assert any(set(shape.fields) >= {"method", "path", "status", "time"} for shape in shapes)
    assert sum(frame.height for frame in columns._waiting) == 2


def test_numbers_that_python_does_not_read_are_not_counted() -> None:
    entry = '{"method":"GET","url":"/crates/a/1.0.0/download","status":200,"time":"%s","n":%s}'
    text = "\n".join(entry % ("2026-11-21T00:00:00Z", "9" * digits) for digits in (9, 5000))

    assert by_column(text.encode()) == by_line(text.encode())
    assert by_column(text.encode())[1] == 1
