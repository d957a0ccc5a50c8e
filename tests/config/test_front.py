import gzip
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from config.file_answers import CHUNK
from config.front import Front
from config.kept_index import MIN_PACKED_BYTES, KeptIndex

LINE = b'{"name":"demo","vers":"0.1.0"}\n'
INDEX = "/index/de/mo/demo"
ARCHIVE = "/api/v1/crates/Demo/0.1.0+a/download"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Browser:
    """Asks the front as a web server would; what goes on to Django is counted."""

    root: Path
    passed_on: list[str] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.front = Front(
            self._django,
            static=self.root / "static",
            objects=self.root / "objects",
            config=b'{"dl":"x"}',
            note_download=lambda name, num: self.noted.append((name, num)),
        )

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        started: list[Any] = []
        chunks = self.front(environ, lambda status, headers: started.extend((status, headers)))
        body = b"".join(chunks)
        return Answer(int(started[0].split()[0]), dict(started[1]), body)

    def _django(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.passed_on.append(environ["PATH_INFO"])
        start_response("404 Not Found", [])
        return [b"django"]


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    for name, content in {
        "objects/index/de/mo/demo": LINE,
        "objects/crates/Demo/Demo-0.1.0+a.crate": b"archive",
        "objects/secret_key": b"secret",
        "static/css/base.css": b"body {}",
        "static/.hidden": b"secret",
        "secret_key": b"secret",
        "etc/passwd": b"secret",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Browser(tmp_path)


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        (INDEX, LINE, "text/plain; charset=utf-8"),
        (ARCHIVE, b"archive", "application/gzip"),
        (ARCHIVE.replace("+", "%2B"), b"archive", "application/gzip"),
        ("/static/css/base.css", b"body {}", "text/css"),
        ("/index/config.json", b'{"dl":"x"}', "application/json"),
    ],
)
def test_it_serves_a_file(browser: Browser, path: str, body: bytes, content_type: str) -> None:
    answer = browser.ask(path)

    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not browser.passed_on


def test_head_has_the_headers_of_get_and_no_body(browser: Browser) -> None:
    for path in (INDEX, ARCHIVE, "/index/config.json"):
        get, head = browser.ask(path), browser.ask(path, "HEAD")

        assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_an_archive_is_kept_for_ever_and_an_index_file_is_not(browser: Browser) -> None:
    assert "immutable" in browser.ask(ARCHIVE).headers["Cache-Control"]
    assert "must-revalidate" in browser.ask(INDEX).headers["Cache-Control"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other" , W/{}', "*"])
def test_a_known_tag_gets_304(browser: Browser, form: str) -> None:
    tag = browser.ask(INDEX).headers["ETag"]

    answer = browser.ask(INDEX, if_none_match=form.format(tag))

    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert "Content-Length" not in answer.headers


def test_a_known_date_gets_304(browser: Browser) -> None:
    date = browser.ask(INDEX).headers["Last-Modified"]

    assert browser.ask(INDEX, if_modified_since=date).status == 304


def test_the_tag_wins_over_the_date(browser: Browser) -> None:
    first = browser.ask(INDEX).headers
    tag, date = first["ETag"], first["Last-Modified"]

    assert browser.ask(INDEX, if_none_match='"x"', if_modified_since=date).status == 200
    assert browser.ask(INDEX, if_none_match=tag, if_modified_since=formatdate(0)).status == 304


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Thu, 99 Foo 2026", "Thu, 01 Jan 99999 00:00:00 GMT", "0", "\xff"]
)
def test_a_broken_date_is_ignored(browser: Browser, date: str) -> None:
    assert browser.ask(INDEX, if_modified_since=date).status == 200


@pytest.mark.parametrize("tags", ["", ",", '"', "W/", '"unfinished'])
def test_a_broken_tag_matches_nothing(browser: Browser, tags: str) -> None:
    assert browser.ask(INDEX, if_none_match=tags).status == 200


def test_a_rewritten_file_has_another_tag(browser: Browser) -> None:
    path = browser.root / "objects" / "index/de/mo/demo"
    before = browser.ask(INDEX).headers["ETag"]

    path.write_bytes(LINE)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))

    assert browser.ask(INDEX).headers["ETag"] != before


def test_a_large_file_comes_in_pieces(browser: Browser) -> None:
    content = os.urandom(CHUNK * 2 + 1)
    (browser.root / "objects/crates/Demo/Demo-0.1.0+a.crate").write_bytes(content)

    assert browser.ask(ARCHIVE).body == content
    assert browser.ask(ARCHIVE, range=f"bytes=1-{CHUNK + 1}").body == content[1 : CHUNK + 2]


@pytest.mark.parametrize("path", ["/index/no/th/nothing", "/index/1/a", "/index/3/a/abc"])
def test_an_absent_crate_is_a_cheap_404(browser: Browser, path: str) -> None:
    answer = browser.ask(path)

    assert (answer.status, answer.body) == (404, b"")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert not browser.passed_on


def test_an_index_file_is_as_the_disk_has_it_however_often_it_was_asked_for(
    browser: Browser,
) -> None:
    path = browser.root / "objects" / INDEX[1:]
    seen = []
    for content in (LINE, LINE.replace(b"1", b"2"), LINE * 2):
        # As storage writes it: another file under the same name.
        path.with_name("new").write_bytes(content)
        path.with_name("new").replace(path)
        answers = [browser.ask(INDEX), browser.ask(INDEX)]
        assert [answer.body for answer in answers] == [content, content]
        seen.append(answers[0].headers["ETag"])
        assert browser.ask(INDEX, if_none_match=seen[-1]).status == 304
    assert len(set(seen)) == 3

    path.unlink()

    assert browser.ask(INDEX).status == 404


def test_a_large_index_file_goes_out_packed(browser: Browser) -> None:
    path = browser.root / "objects" / INDEX[1:]
    content = LINE * (MIN_PACKED_BYTES // len(LINE) + 1)
    path.write_bytes(content)

    plain = browser.ask(INDEX)
    packed = browser.ask(INDEX, accept_encoding="deflate, gzip")

    refused = browser.ask(INDEX, accept_encoding="gzip;q=0, identity")

    for answer in (plain, refused):
        assert (answer.body, "Content-Encoding" in answer.headers) == (content, False)
    assert gzip.decompress(packed.body) == content
    assert packed.headers["Content-Length"] == str(len(packed.body))
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    for answer in (plain, packed):
        assert browser.ask(INDEX, if_none_match=answer.headers["ETag"]).status == 304


def test_kept_index_files_have_a_limit(tmp_path: Path) -> None:
    index = KeptIndex(str(tmp_path), content_type="", cache_control="", max_bytes=30_000)
    for number in range(20):
        (tmp_path / f"{number}").write_bytes(bytes([number]) * 10_000)
        assert index.file(f"/{number}").body == [bytes([number]) * 10_000]

    assert sum(f"/{number}" in index for number in range(20)) <= 3


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-2", "0-2"), ("bytes=3-", "3-6"), ("bytes=-2", "5-6"), ("bytes=5-99", "5-6")],
)
def test_a_part_of_an_archive(browser: Browser, asked: str, part: str) -> None:
    whole = browser.ask(ARCHIVE, user_agent="curl/8")
    first, last = map(int, part.split("-"))
    for if_range in ("", whole.headers["ETag"], whole.headers["Last-Modified"]):
        more = {"if_range": if_range} if if_range else {}
        answer = browser.ask(ARCHIVE, range=asked, **more)

        assert (answer.status, answer.body) == (206, b"archive"[first : last + 1])
        assert answer.headers["Content-Range"] == f"bytes {part}/7"
        assert answer.headers["Content-Length"] == str(last + 1 - first)
        assert answer.headers["ETag"] == whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    # The rest of a download is none of its own.
    assert browser.noted == []


def test_the_whole_archive_where_a_part_would_not_fit(browser: Browser) -> None:
    for headers in (
        {"range": "bytes=0-2", "if_range": '"another"'},
        {"range": "bytes=0-2", "if_range": formatdate(0, usegmt=True)},
        {"range": "bytes=0-1,3-4"},
        {"range": "lines=1-2"},
    ):
        assert browser.ask(ARCHIVE, **headers).body == b"archive"
    assert browser.ask(ARCHIVE, "HEAD", range="bytes=0-2").status == 200
    tag = browser.ask(ARCHIVE).headers["ETag"]
    assert browser.ask(ARCHIVE, range="bytes=0-2", if_none_match=tag).status == 304

    behind = browser.ask(ARCHIVE, range="bytes=7-")

    assert (behind.status, behind.body) == (416, b"")
    assert behind.headers["Content-Range"] == "bytes */7"


def test_an_unreadable_index_file_is_not_told_as_absent(browser: Browser) -> None:
    path = browser.root / "objects" / "index/de/mo/demo"
    path.unlink()
    path.mkdir()

    with pytest.raises(IsADirectoryError):
        browser.ask(INDEX)


@pytest.mark.parametrize(
    "path",
    [
        # Out of the folder.
        "/index/../secret_key",
        "/index/%2e%2e/secret_key",
        "/index/..%2fsecret_key",
        "/index/2/..",
        "/index/1/.",
        "/index/../ab/..ab",
        "/index/se/cr/../../../secret_key",
        "/static/../secret_key",
        "/static/%2e%2e/secret_key",
        "/static/css/%2E%2E/%2E%2E/secret_key",
        "/static//etc/passwd",
        "/static/{root}/secret_key",
        "/static/%2f{root}/secret_key",
        "/static/.hidden",
        "/api/v1/crates/../../../secret_key/download",
        "/api/v1/crates/Demo/../../secret_key/download",
        "/api/v1/crates/%2e%2e/0.1.0/download",
        # Bytes that no name has.
        "/index/de/mo/de%00mo",
        "/static/css/base.css%00.png",
        "/api/v1/crates/De%00mo/0.1.0/download",
        "/index/d%c3%a9/mo/d%c3%a9mo",
        # Not where cargo looks.
        "/index/De/mo/Demo",
        "/index/de/mo/Demo",
        "/index/DE/MO/DEMO",
        "/index/de/mo/demo/",
        "/index/demo",
        "/index/",
        "/index",
        "/index/de/mo",
        # A folder.
        "/static/css",
        "/static/",
        # Another spelling, or no version: Django redirects or explains.
        "/api/v1/crates/demo/0.1.0+a/download",
        "/api/v1/crates/Demo/0.1.0/download",
        "/api/v1/crates/Demo/v1/download",
        "/api/v1/crates/Demo/download",
        # Longer than any file name.
        "/static/" + "a" * 5000,
        "/api/v1/crates/Demo/1.0.0-" + "a" * 5000 + "/download",
    ],
)
def test_everything_else_is_for_django(browser: Browser, path: str) -> None:
    answer = browser.ask(path.replace("{root}", str(browser.root)))

    assert answer.body == b"django"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods_are_for_django(browser: Browser, method: str) -> None:
    assert browser.ask(INDEX, method).body == b"django"


def test_who_asks_for_json_gets_an_address_from_django(browser: Browser) -> None:
    assert browser.ask(ARCHIVE, accept="application/json").body == b"django"


def test_a_private_registry_leaves_everything_but_static_files_to_django(tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    browser.front = Front(browser._django, static=tmp_path / "static")

    for path in (INDEX, ARCHIVE, "/index/config.json"):
        assert browser.ask(path).body == b"django"


@pytest.mark.parametrize("headers", [{}, {"user_agent": ""}, {"user_agent": "cargo/1.90.0 (x)"}])
def test_a_download_by_cargo_is_noted(browser: Browser, headers: dict[str, str]) -> None:
    browser.ask(ARCHIVE, **headers)

    assert browser.noted == [("Demo", "0.1.0+a")]


def test_what_is_no_whole_download_by_cargo_is_not_noted(browser: Browser) -> None:
    tag = browser.ask(ARCHIVE, user_agent="curl/8").headers["ETag"]
    browser.ask(ARCHIVE, "HEAD")
    browser.ask(ARCHIVE, if_none_match=tag)
    browser.ask(ARCHIVE.replace("0.1.0", "0.2.0"))
    browser.ask(INDEX, user_agent="cargo/1.90.0")

    assert browser.noted == []
