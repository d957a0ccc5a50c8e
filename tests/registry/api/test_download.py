import pytest
from django.conf import LazySettings

from registry.operations.count_downloads import fold_spool
from tests.factories.archives import build_crate
from tests.factories.downloads import all_counts_agree
from tests.wire import publish, refusal, send

CRATE = build_crate()
PATH = "/api/v1/crates/demo-crate/0.1.0/download"


@pytest.fixture(autouse=True)
def _published(alice_token: str) -> None:
    assert publish(alice_token, crate=CRATE).status_code == 200


def test_the_archive_comes_as_it_was_sent() -> None:
    answer = send("GET", PATH)

    assert b"".join(answer.streaming_content) == CRATE
    assert answer["Content-Type"] == "application/gzip"
    assert "immutable" in answer["Cache-Control"]


def test_a_part_of_it_can_be_had_and_counts_as_no_download() -> None:
    whole = send("GET", PATH, **{"User-Agent": "curl/8"})
    assert b"".join(whole.streaming_content) == CRATE
    etag = whole["ETag"]
    assert whole["Accept-Ranges"] == "bytes"

    part = send("GET", PATH, Range="bytes=3-9", **{"If-Range": etag})
    assert (part.status_code, part.content) == (206, CRATE[3:10])
    assert part["Content-Range"] == f"bytes 3-9/{len(CRATE)}"
    assert (part["ETag"], part["Cache-Control"]) == (etag, whole["Cache-Control"])
    behind = send("GET", PATH, Range=f"bytes={len(CRATE)}-")
    assert (behind.status_code, behind.content) == (416, b"")
    assert behind["Content-Range"] == f"bytes */{len(CRATE)}"
    assert send("GET", PATH, **{"If-None-Match": etag}).status_code == 304
    assert fold_spool() == 0

    other = send("GET", PATH, Range="bytes=3-9", **{"If-Range": '"other"'})
    assert b"".join(other.streaming_content) == CRATE


def test_another_spelling_is_sent_to_the_right_one(settings: LazySettings) -> None:
    answer = send("GET", PATH.replace("demo-crate", "DEMO_crate"))

    assert (answer.status_code, answer["Location"]) == (302, f"{settings.PUBLIC_URL}{PATH}")


def test_who_asks_for_json_gets_the_address(settings: LazySettings) -> None:
    answer = send("GET", PATH, Accept="application/json")

    assert answer.json() == {"url": f"{settings.PUBLIC_URL}{PATH}"}
    assert answer["Vary"] == "Accept"


def test_a_yanked_version_can_still_be_had(alice_token: str) -> None:
    send("DELETE", PATH.replace("download", "yank"), alice_token)

    answer = send("GET", PATH)

    assert b"".join(answer.streaming_content) == CRATE


@pytest.mark.parametrize(
    "path",
    [
        "demo-crate/9.9.9",
        "nothing/0.1.0",
        "demo-crate/0.1.0%2f..",
        "%2e%2e/0.1.0",
    ],
)
def test_what_is_not_there_is_a_404(path: str) -> None:
    refusal(send("GET", f"/api/v1/crates/{path}/download"), 404)


@pytest.mark.parametrize("num", ["%00", "1", "latest"])
def test_what_is_no_version_number_is_refused(num: str) -> None:
    error = refusal(send("GET", f"/api/v1/crates/demo-crate/{num}/download"), 400)

    assert error["detail"].startswith("Invalid URL: ")


def ask(method: str, **headers: str) -> None:
    answer = send(method, PATH, **headers)
    # Not close(), which also closes the test's database.
    for close_file in answer._resource_closers:
        close_file()


@pytest.mark.parametrize("agent", ["cargo/1.90.0", ""])
def test_a_download_by_cargo_is_counted(agent: str) -> None:
    ask("GET", **{"User-Agent": agent})

    assert fold_spool() == 1
    assert all_counts_agree() == 1


def test_what_is_no_download_by_cargo_is_not_counted() -> None:
    for agent in ("curl/8.0", "Mozilla/5.0"):
        ask("GET", **{"User-Agent": agent})
    ask("HEAD")
    send("GET", PATH, Accept="application/json")
    send("GET", PATH.replace("demo-crate", "DEMO_crate"))
    send("GET", PATH.replace("0.1.0", "9.9.9"))

    assert fold_spool() == 0


def test_a_redirect_to_s3_is_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        def download_url(self, key: str) -> str:
            return f"https://bucket.example/{key}"

    monkeypatch.setattr("registry.storage.objects", Elsewhere)

    assert send("GET", PATH, **{"User-Agent": "cargo/1.90.0"}).status_code == 302

    assert fold_spool() == 1
