import gzip
import io
import tarfile
import tracemalloc
import zlib

import pytest
from django.conf import LazySettings

from registry.models import Version
from tests.cases import in_turn
from tests.factories.archives import build_archive, build_crate, entry, manifest_for
from tests.wire import nothing_happens, publish, refusal

ROOT = "demo-crate-0.1.0"
GOOD = build_crate()


def refused(token: str, crate: bytes) -> str:
    with nothing_happens():
        error = refusal(publish(token, crate=crate), 400)
    return str(error["detail"])


@in_turn(
    "crate",
    [
        b"",
        b"PK\3\4",
        GOOD[:20],
        GOOD[: len(GOOD) // 2],
        GOOD[:-1],
        GOOD[:-8],
        GOOD[:-8] + b"\0" * 8,
        GOOD[:10] + b"\xff" * (len(GOOD) - 18) + GOOD[-8:],
        gzip.compress(b""),
        gzip.compress(b"no tar at all"),
        gzip.compress(b"\0" * 512),
        gzip.compress(gzip.decompress(GOOD)[:700]),
        zlib.compress(gzip.decompress(GOOD)),
        GOOD + b"trailing garbage",
    ],
)
def test_a_broken_archive_is_refused(alice_token: str, crate: bytes) -> None:
    detail = refused(alice_token, crate)

    assert "uploaded tarball is m" in detail


@in_turn(
    "path",
    [
        "/etc/passwd",
        f"/{ROOT}/x",
        "../x",
        f"{ROOT}/../x",
        f"{ROOT}/a/../../x",
        f"{ROOT}/..",
        f"{ROOT}/./x",
        f"{ROOT}//x",
        f"{ROOT}",
        f"{ROOT}/a\\b",
        f"{ROOT}/C:/x",
        f"{ROOT}/a\x01b",
        f"{ROOT}/a\nb",
        "x",
        "demo-crate-0.1.1/x",
        "Demo-Crate-0.1.0/x",
        f"{ROOT}x/y",
        f"{ROOT}/" + "a" * 2000,
    ],
)
def test_a_path_outside_of_the_crate_is_refused(alice_token: str, path: str) -> None:
    detail = refused(alice_token, build_crate(entries=[(entry(path), b"x")]))

    assert detail.startswith("invalid path found: ")


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "fifo"),
    ],
)
def test_only_files_and_folders_are_taken(alice_token: str, type: bytes, kind: str) -> None:
    info = entry(f"{ROOT}/link", type=type)
    info.linkname = "/etc/passwd"

    detail = refused(alice_token, build_crate(entries=[(info, b"")]))

    assert detail == f"unexpected tar entry type {kind} found: {ROOT}/link"


@pytest.mark.parametrize("path", ["src/lib.rs", "SRC/LIB.RS", "src/lib.rs/x", "src"])
def test_two_entries_for_one_place_are_refused(alice_token: str, path: str) -> None:
    detail = refused(alice_token, build_crate(entries=[(entry(f"{ROOT}/{path}"), b"x")]))

    assert "invalid path found" in detail


def test_a_second_manifest_is_refused(alice_token: str) -> None:
    again = (entry(f"{ROOT}/Cargo.toml"), manifest_for().encode())

    assert "more than one" in refused(alice_token, build_crate(entries=[again]))


@pytest.mark.parametrize("name", ["CARGO.TOML", "Cargo.Toml", "sub/Cargo.toml"])
def test_a_manifest_of_another_name_is_refused(alice_token: str, name: str) -> None:
    crate = build_archive([(entry(f"{ROOT}/{name}"), manifest_for().encode())])

    assert "Cargo.toml" in refused(alice_token, crate)


def test_a_path_that_is_not_utf8_is_refused(alice_token: str) -> None:
    info = tarfile.TarInfo(f"{ROOT}/\udcff")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(info)

    refused(alice_token, gzip.compress(packed.getvalue()))


@pytest.mark.parametrize(
    "manifest", [b"\xff\xfe", b'[package]\nname = "demo-crate"\ndescription = "\xff"']
)
def test_a_manifest_that_is_not_utf8_is_refused(alice_token: str, manifest: bytes) -> None:
    crate = build_archive([(entry(f"{ROOT}/Cargo.toml"), manifest)])

    assert "UTF-8" in refused(alice_token, crate)


def test_more_entries_than_allowed_are_refused(alice_token: str) -> None:
    files = {f"src/f{number}.rs": b"" for number in range(10_000)}

    detail = refused(alice_token, build_crate(files=files))

    assert detail == "uploaded tarball contains more than 8192 entries"


@pytest.mark.slow
def test_a_decompression_bomb_is_refused_in_little_memory(
    alice_token: str, settings: LazySettings
) -> None:
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    settings.MAX_UNPACKED_BYTES = 32 * 1024 * 1024
    bomb = _bomb(64 * 1024 * 1024)
    # What a process loads with its first request stays.
    refused(alice_token, b"no archive")

    tracemalloc.start()
    try:
        detail = refused(alice_token, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "too large when decompressed" in detail
    assert peak < 4 * 1024 * 1024


def test_a_bomb_in_the_manifest_is_refused_in_little_memory(alice_token: str) -> None:
    manifest = manifest_for(extra="# " + "x" * 2 * 1024 * 1024)
    refused(alice_token, b"no archive")

    tracemalloc.start()
    try:
        detail = refused(alice_token, build_crate(manifest=manifest))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "more than 1048576 bytes" in detail
    assert peak < 8 * 1024 * 1024


def test_a_broken_vcs_record_is_left_out(alice_token: str) -> None:
    for number, record in enumerate(
        [
            *(b"{", b"[]", b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"\xff", b'{"a": 1e999}'),
            # Which the publish could read, but not the page that shows it.
            b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
        ]
    ):
        num = f"0.{number}.0"
        files = {"src/lib.rs": b"", ".cargo_vcs_info.json": record}

        assert publish(alice_token, version=num, files=files).status_code == 200
        assert Version.objects.get(num=num).vcs_info is None


def _bomb(size: int) -> bytes:
    """One file of zeros, written without ever holding them."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        info = entry(f"{ROOT}/zeros")
        info.size = size
        file.write(info.tobuf())
        for _ in range(size // 65536):
            file.write(b"\0" * 65536)
        file.write(b"\0" * 1024)
    return packed.getvalue()
