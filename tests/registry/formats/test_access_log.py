import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.access_log import AccessLog, Download, counts

DAY = date(2026, 11, 21)
SERDE = Download("serde", "1.0.0+a", DAY)
PATH = "/api/v1/crates/serde/1.0.0%2Ba/download"
FIELDS = "#Fields: date time x-edge-location cs-method cs-uri-stem sc-status cs(User-Agent)"
CLOUDFRONT = "2026-11-21\t06:53:49\tFRA50\tGET\t{path}\t{status}\t{agent}"


def combined(
    request: str = f"GET {PATH} HTTP/1.1", status: str = "200", agent: str = "cargo/1.90.0"
) -> str:
    time = "21/Nov/2026:06:53:49 +0000"
    return f'192.0.2.1 - - [{time}] "{request}" {status} 1234 "-" "{agent}"'


def found(*lines: str) -> list[Download]:
    return list(AccessLog().downloads(lines))


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("cargo/1.90.0 (abc 2026-01-01)", True),
        ("cargo 1.90.0", True),
        ("cargo%2F1.90.0", True),
        ("cargo%201.90.0", True),
        (None, True),
        ("", True),
        ("-", True),
        ("cargo", False),
        ("cargo-audit/0.1", False),
        ("Cargo/1.90.0", False),
        ("curl/8.0", False),
        ("Mozilla/5.0 cargo/1.0", False),
    ],
)
def test_only_cargo_and_the_silent_count(agent: str | None, expected: bool) -> None:
    assert counts("GET", 200, agent) is expected


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 302)])
def test_only_a_whole_answer_counts(method: str, status: int) -> None:
    assert not counts(method, status, "cargo/1.0")


@pytest.mark.parametrize(
    "line",
    [
        combined(),
        combined("GET /api/v1/crates/serde/1.0.0+a/download?x=1 HTTP/2.0"),
        combined("GET /crates/serde/serde-1.0.0%2Ba.crate HTTP/1.1"),
        combined("GET /prefix/crates/serde/1.0.0%2Ba/download HTTP/1.1", agent="-"),
        combined().replace("06:53:49 +0000", "23:53:49 +1400"),
        combined().replace("192.0.2.1 - -", "2001:db8::1 - some body"),
        # The shorter common form names no agent.
        combined().partition(' "-" "')[0],
    ],
)
def test_it_reads_the_combined_form(line: str) -> None:
    assert found(line) == [SERDE]


def test_the_day_is_utc() -> None:
    line = combined().replace("06:53:49 +0000", "00:30:00 +0200")

    assert found(line) == [SERDE._replace(day=date(2026, 11, 20))]


@pytest.mark.parametrize(
    ("path", "agent"),
    [
        ("/crates/serde/serde-1.0.0%252Ba.crate", "cargo%2F1.90.0"),
        (PATH, "cargo/1.90.0%20(x)"),
        (PATH, "-"),
    ],
)
def test_it_reads_cloudfront(path: str, agent: str) -> None:
    line = CLOUDFRONT.format(path=path, status=200, agent=agent)

    assert found("#Version: 1.0", FIELDS, line) == [SERDE]
    assert found("#Version: 1.0", FIELDS, line.replace("\t200\t", "\t304\t")) == []


@pytest.mark.parametrize(
    "entry",
    [
        {
            "version": "1",
            "date_time": "2026-11-21T06:53:49.123456789Z",
            "method": "GET",
            "status": 200,
            "url": f"https://static.example{PATH}",
            "http": {"useragent": "cargo/1.90.0"},
        },
        {
            "time_iso8601": "2026-11-21T07:53:49+01:00",
            "request_method": "GET",
            "status": "200",
            "request_uri": PATH,
            "http_user_agent": "",
        },
        {
            "ts": 1795243229.5,
            "status": 200,
            "request": {
                "method": "GET",
                "uri": PATH,
                "headers": {"User-Agent": ["cargo/1.90.0"]},
            },
        },
        {"time": "1795243229", "method": "GET", "status": 200, "path": PATH},
    ],
)
def test_it_reads_json(entry: dict[str, object]) -> None:
    line = json.dumps(entry)

    assert found(line) == [SERDE]
    assert found(f"<134>2026-11-21T06:53:49Z cache-fra cdn[42]: {line}") == [SERDE]


def test_forms_may_be_mixed_in_one_file() -> None:
    table = CLOUDFRONT.format(path=PATH, status=200, agent="cargo/1")

    assert found(combined(), FIELDS, table, combined()) == [SERDE] * 3


@pytest.mark.parametrize(
    "line",
    [
        "",
        combined(f"HEAD {PATH} HTTP/1.1"),
        combined(status="404"),
        combined(agent="curl/8.0"),
        combined("GET /index/se/rd/serde HTTP/1.1"),
        combined("GET /api/v1/crates/serde HTTP/1.1"),
        combined("GET /crates/serde/other-1.0.0.crate HTTP/1.1"),
        combined("GET /api/v1/crates/%00/1.0.0/download HTTP/1.1"),
        combined("GET /api/v1/crates/serde/one/download HTTP/1.1"),
    ],
)
def test_what_is_no_download_is_passed_over(line: str) -> None:
    log = AccessLog()

    assert (list(log.downloads([line])), log.unreadable) == ([], 0)


@pytest.mark.parametrize(
    "line",
    [
        "gibberish",
        "{",
        "<134> no object",
        "{}",
        "[" * 5000,
        '{"a":' * 50_000,
        json.dumps({"method": 1, "path": PATH, "status": 200}),
        json.dumps({"method": "GET", "path": PATH, "status": "many", "time": 1}),
        json.dumps({"method": "GET", "path": PATH, "status": 200}),
        json.dumps({"method": "GET", "path": PATH, "status": 200, "time": 1e300}),
        json.dumps({"method": "GET", "path": PATH, "status": 200, "time": "yesterday"}),
        combined().replace("Nov", "Foo"),
    ],
)
def test_what_cannot_be_read_is_counted_as_such(line: str) -> None:
    log = AccessLog()

    assert (list(log.downloads([line, combined()])), log.unreadable) == ([SERDE], 1)


@given(st.lists(st.text()))
def test_no_text_breaks_it(lines: list[str]) -> None:
    found(FIELDS, *lines)


@given(st.recursive(st.none() | st.floats() | st.text(), st.lists))
def test_no_json_value_breaks_it(value: object) -> None:
    for name in ("method", "status", "path", "time", "user_agent", "request"):
        fine = {"method": "GET", "status": 200, "path": PATH, "time": 1795243229}
        found(json.dumps({**fine, name: value}))
