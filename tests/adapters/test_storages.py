import threading
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import boto3
import pytest

from adapters.file_storage import WORKSHOP, DurableFileStorage
from adapters.object_names import InvalidObjectName
from adapters.storages import ObjectStorage, from_url

CRATE = "crates/serde/serde-1.0.0+build.1.crate"


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    if request.param == "file":
        return from_url(f"file://{tmp_path}/storage")
    return from_url(request.getfixturevalue("s3_url"))


UNREACHABLE = pytest.mark.parametrize(
    "storage",
    [from_url("file:///nonexistent"), from_url("s3://crates?region=us-east-1")],
    ids=["file", "s3"],
)


def read(storage: ObjectStorage, name: str) -> bytes:
    with storage.open_read(name) as file:
        return file.read()


@pytest.mark.parametrize("durable", [True, False])
def test_it_keeps_what_was_written(storage: ObjectStorage, durable: bool) -> None:
    storage.write(CRATE, b"content", durable=durable)

    assert read(storage, CRATE) == b"content"
    assert storage.exists(CRATE)
    assert storage.size(CRATE) == 7
    assert abs(datetime.now(UTC) - storage.modified_at(CRATE)) < timedelta(minutes=1)


def test_it_writes_from_an_open_file(storage: ObjectStorage) -> None:
    storage.write(CRATE, BytesIO(b"x" * 300_000))

    assert read(storage, CRATE) == b"x" * 300_000


def test_what_it_opens_can_seek(storage: ObjectStorage) -> None:
    storage.write(CRATE, b"0123456789")

    with storage.open_read(CRATE) as file:
        file.seek(-3, 2)

        assert file.read() == b"789"


def test_it_replaces_an_object(storage: ObjectStorage) -> None:
    storage.write("index/config.json", b"long old content")

    storage.write("index/config.json", b"new")

    assert read(storage, "index/config.json") == b"new"


def test_it_says_what_is_not_as_it_should_be(storage: ObjectStorage) -> None:
    for name in ("same", "longer", "shorter", "other", "surplus"):
        storage.write(name, b"content")
    wanted = {"same": b"content", "longer": b"cont", "shorter": b"contents", "other": b"CONTENT"}
    wanted |= {"surplus": b"", "missing": b"content", "absent": b""}

    found = list(storage.differing(wanted.items()))

    assert found == ["longer", "shorter", "other", "surplus", "missing"]


def test_it_knows_what_is_missing(storage: ObjectStorage) -> None:
    assert not storage.exists(CRATE)
    with pytest.raises(FileNotFoundError):
        storage.open_read(CRATE)
    with pytest.raises(FileNotFoundError):
        storage.size(CRATE)
    with pytest.raises(FileNotFoundError):
        storage.modified_at(CRATE)


def test_it_deletes_and_does_not_mind_doing_it_twice(storage: ObjectStorage) -> None:
    storage.write(CRATE, b"content")

    storage.delete(CRATE)
    storage.delete(CRATE)

    assert not storage.exists(CRATE)


def test_it_walks_in_the_order_of_bytes(storage: ObjectStorage) -> None:
    names = ["crates/a+b/1", "crates/a-b/1", "crates/a/1", "crates/a/2", "crates/a_b/1", "crates/b"]
    for name in [*reversed(names), "index/1/a", "cratesque"]:
        storage.write(name, b"")

    assert list(storage.walk("crates")) == names
    assert list(storage.walk("crates/")) == names
    assert list(storage.walk("crates/a")) == ["crates/a/1", "crates/a/2"]
    assert list(storage.walk()) == [*names, "cratesque", "index/1/a"]
    assert list(storage.walk("nothing")) == []


@UNREACHABLE
@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../secret",
        "crates/../../secret",
        "crates/./a",
        "crates//a",
        "crates/",
        ".hidden",
        "crates/.hidden",
        "crates\\..\\a",
        "crates/a\x00",
        "crates/a\n",
        "crates/%2e%2e/a",
        "crates/ä",
        "a" * 256,
        "a/" * 600 + "a",
    ],
)
def test_no_name_leads_outside(storage: ObjectStorage, name: str) -> None:
    with pytest.raises(InvalidObjectName):
        storage.write(name, b"")
    with pytest.raises(InvalidObjectName):
        storage.open_read(name)
    with pytest.raises(InvalidObjectName):
        storage.exists(name)
    with pytest.raises(InvalidObjectName):
        storage.size(name)
    with pytest.raises(InvalidObjectName):
        storage.delete(name)
    with pytest.raises(InvalidObjectName):
        storage.local_path(name)
    with pytest.raises(InvalidObjectName):
        storage.download_url(name)


@UNREACHABLE
@pytest.mark.parametrize("prefix", ["..", "//", "/crates", "crates/../..", ".", "crates//"])
def test_no_walk_leads_outside(storage: ObjectStorage, prefix: str) -> None:
    with pytest.raises(InvalidObjectName):
        storage.walk(prefix)


def test_a_file_storage_is_where_its_url_says(tmp_path: Path) -> None:
    storage = from_url(f"file://{tmp_path}/with%20space")

    assert isinstance(storage, DurableFileStorage)
    assert storage.local_path(CRATE) == tmp_path / "with space" / CRATE
    assert storage.download_url(CRATE) is None


def test_a_file_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the upload broke off")

    storage = DurableFileStorage(tmp_path)
    storage.write(CRATE, b"old")

    with pytest.raises(OSError, match="broke off"):
        storage.write(CRATE, Broken())

    assert read(storage, CRATE) == b"old"
    assert list(filter(Path.is_file, tmp_path.rglob("*"))) == [tmp_path / CRATE]


def test_an_unfinished_file_is_no_object(tmp_path: Path) -> None:
    storage = DurableFileStorage(tmp_path)
    storage.write(CRATE, b"content")
    left = tmp_path / "crates" / WORKSHOP / ".0123456789abcdef.tmp"
    left.write_bytes(b"left by a crash")

    assert list(storage.walk()) == [CRATE]
    assert storage.remove_unfinished(left.stat().st_mtime + 1) == 1
    assert not left.exists()


def test_a_web_server_may_read_the_files(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()

    DurableFileStorage(tmp_path).write(CRATE, b"content")

    assert (tmp_path / CRATE).stat().st_mode == plain.stat().st_mode


def test_readers_of_a_file_see_one_whole_content(tmp_path: Path) -> None:
    storage = DurableFileStorage(tmp_path)
    contents = [bytes([digit]) * 100_000 for digit in range(8)]
    storage.write("index/config.json", contents[0])
    writers = [
        threading.Thread(target=storage.write, args=("index/config.json", content))
        for content in contents
    ]

    for writer in writers:
        writer.start()
    seen = {read(storage, "index/config.json") for _ in range(50)}
    for writer in writers:
        writer.join()

    assert seen <= set(contents)


def test_an_s3_storage_keeps_below_its_prefix(s3_url: str, s3_server: str) -> None:
    storage = from_url(s3_url)

    storage.write(CRATE, b"x", content_type="application/gzip", cache_control="max-age=60")

    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    stored = client.get_object(Bucket="crates", Key=f"registry/{CRATE}")
    assert stored["ContentType"] == "application/gzip"
    assert stored["CacheControl"] == "max-age=60"
    assert storage.local_path(CRATE) is None


def test_an_s3_address_for_downloads_is_signed(s3_url: str, s3_server: str) -> None:
    storage = from_url(s3_url)
    storage.write(CRATE, b"content")

    url = storage.download_url(CRATE)

    assert url is not None
    assert url.startswith(f"{s3_server}/crates/registry/crates/serde/serde-1.0.0%2Bbuild.1.crate?")
    assert "X-Amz-Signature=" in url


def test_an_s3_walk_reads_page_after_page(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    storage = from_url(s3_url)
    names = [f"index/{letter}" for letter in "abcde"]
    for name in names:
        storage.write(name, b"")

    assert list(storage.walk("index")) == names


def test_a_bucket_that_does_not_answer_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    storage = from_url("s3://crates?endpoint=http://127.0.0.1:1&region=us-east-1")

    with pytest.raises(OSError, match="did not answer") as caught:
        storage.exists(CRATE)

    assert not isinstance(caught.value, FileNotFoundError)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/storage",
        "file://relative/path",
        "file:",
        "s3:///prefix",
        "s3://key:secret@bucket",
        "s3://bucket?regoin=us-east-1",
        "s3://bucket/../prefix",
        "https://bucket",
    ],
)
def test_it_refuses_a_storage_url_that_names_no_storage(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_url(url)

    assert "secret" not in str(caught.value)
