"""A .crate is read within limits, or refused with the reason."""

import gzip
import io
import tarfile
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.archive import Archive, InvalidArchive, read_archive
from registry.formats.errors import FormatError
from tests.factories.archives import build_archive, build_crate, entry, manifest_for

ROOT = "demo-crate-0.1.0"
MANIFEST = (entry(f"{ROOT}/Cargo.toml"), manifest_for().encode())
MEBIBYTE = 1024 * 1024


def read(crate: bytes, *, max_unpacked_bytes: int = MEBIBYTE, max_entries: int = 100) -> Archive:
    return read_archive(
        io.BytesIO(crate),
        name="demo-crate",
        version="0.1.0",
        max_unpacked_bytes=max_unpacked_bytes,
        max_entries=max_entries,
        token_prefix="wbl",
    )


def reason(crate: bytes, **limits: int) -> str:
    with pytest.raises(InvalidArchive) as refused:
        read(crate, **limits)
    return str(refused.value)


def with_entry(info: tarfile.TarInfo, data: bytes = b"", format: int = tarfile.GNU_FORMAT) -> bytes:
    return build_crate(entries=[(info, data)], format=format)


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_it_reads_paths_manifest_and_origin(format: int) -> None:
    deep = "/".join(["folder"] * 20) + "/x.rs"
    files = {
        "src/lib.rs": b"x",
        ".cargo_vcs_info.json": b'{"git":{"sha1":"1f"},"path_in_vcs":""}',
        deep: b"deep",
    }

    archive = read(build_crate(files=files, format=format))

    assert archive.paths == ("Cargo.toml", "src/lib.rs", ".cargo_vcs_info.json", deep)
    assert archive.manifest_text == manifest_for()
    assert archive.manifest_path == "Cargo.toml"
    assert archive.vcs_info == {"git": {"sha1": "1f"}, "path_in_vcs": ""}
    assert archive.unpacked_bytes % 512 == 0


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_it_reads_names_of_any_script_and_folders(format: int) -> None:
    folder = entry(f"{ROOT}/größe", type=tarfile.DIRTYPE)
    file = entry(f"{ROOT}/größe/{'字' * 60}.txt")

    archive = read(build_crate(files={}, entries=[(folder, b""), (file, b"1")], format=format))

    assert archive.paths == ("Cargo.toml", f"größe/{'字' * 60}.txt")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b'{"a":"\\u0000"}', b"[" * 50_000, b" " * 70_000 + b"{}"]
)
def test_an_unreadable_origin_is_left_out(content: bytes) -> None:
    assert read(build_crate(files={".cargo_vcs_info.json": content})).vcs_info is None


def test_the_deprecated_lower_case_manifest_is_read() -> None:
    crate = build_archive([(entry(f"{ROOT}/cargo.toml"), b"[package]")])

    assert read(crate).manifest_path == "cargo.toml"


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["README.md"], "is missing a `Cargo.toml`"),
        (["src/Cargo.toml"], "is missing a `Cargo.toml`"),
        (["CARGO.toml"], "must be named `Cargo.toml` with that exact casing"),
        (["Cargo.toml", "Cargo.toml"], "more than one `Cargo.toml`"),
    ],
)
def test_it_wants_exactly_one_manifest(names: list[str], problem: str) -> None:
    crate = build_archive([(entry(f"{ROOT}/{name}"), b"") for name in names])

    assert problem in reason(crate)


def test_it_refuses_two_manifests_that_differ_in_case() -> None:
    crate = build_crate(files={"cargo.toml": b""})

    assert "collides" in reason(crate)


def test_it_refuses_a_manifest_that_is_too_large_or_not_utf8() -> None:
    large = build_crate(manifest="#" * (MEBIBYTE + 1))
    binary = build_archive([(entry(f"{ROOT}/Cargo.toml"), b"\xff")])

    assert "more than 1048576 bytes" in reason(large, max_unpacked_bytes=4 * MEBIBYTE)
    assert "not UTF-8" in reason(binary)


@pytest.mark.parametrize(
    "path",
    [
        "x.rs",
        "/etc/passwd",
        f"/{ROOT}/x",
        f"{ROOT}",
        f"{ROOT}/",
        f"{ROOT}x/y",
        "demo-crate-0.1.1/x",
        f"./{ROOT}/x",
        f"{ROOT}/../x",
        f"{ROOT}/a/..",
        f"{ROOT}/./x",
        f"{ROOT}//x",
        f"{ROOT}/a/",
        f"{ROOT}/a\\b",
        f"{ROOT}/C:/x",
        f"{ROOT}/c:x",
        f"{ROOT}/a\nb",
        f"{ROOT}/a\x7fb",
        f"{ROOT}/" + "a/" * 520 + "x",
    ],
)
def test_it_refuses_a_path_that_leads_astray(path: str) -> None:
    assert "invalid path found" in reason(with_entry(entry(path), b"x"))


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_it_refuses_a_long_path_with_parent_folders(format: int) -> None:
    path = f"{ROOT}/{'a' * 120}/../../../x"

    assert "`.` and `..`" in reason(with_entry(entry(path), format=format))


@pytest.mark.parametrize(
    ("type", "shown"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "fifo"),
        (tarfile.CONTTYPE, "7"),
        (tarfile.GNUTYPE_SPARSE, "S"),
        (tarfile.XGLTYPE, "g"),
        (b"K", "K"),
        (b"D", "D"),
    ],
)
def test_it_refuses_everything_but_files_and_folders(type: bytes, shown: str) -> None:
    crate = with_entry(entry(f"{ROOT}/x", type=type))

    assert reason(crate) == f"unexpected tar entry type {shown} found: {ROOT}/x"


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a"), ("a", "A"), ("é", "e\N{COMBINING ACUTE ACCENT}"), ("a", "a/b"), ("a/b/c", "a/b")],
)
def test_it_refuses_paths_that_collide(first: str, second: str) -> None:
    crate = build_crate(files={}, entries=[(entry(f"{ROOT}/{p}"), b"") for p in (first, second)])

    assert "collides" in reason(crate)


def test_neighbours_in_the_alphabet_do_not_collide() -> None:
    files = dict.fromkeys(["a.b", "a/b", "a-b", "a b", "ab", "a/b.c"], b"")

    assert len(read(build_crate(files=files)).paths) == 7


def test_it_counts_entries_early() -> None:
    crate = build_archive([(entry("nonsense"), b"")] * 11)

    assert reason(crate, max_entries=0) == "uploaded tarball contains more than 0 entries"
    assert len(read(build_crate(), max_entries=2).paths) == 2


@pytest.mark.parametrize(
    ("pax", "problem"),
    [
        ({"size": "3"}, "disagree about the size"),
        ({"GNU.sparse.major": "1"}, "GNU.sparse.major"),
        ({"hdrcharset": "BINARY"}, "hdrcharset"),
        ({"comment": "x" * 70_000}, "at most 65536 are read"),
        ({"path": f"{ROOT}/a\0b"}, "control characters"),
    ],
)
def test_it_refuses_odd_pax_headers(pax: dict[str, str], problem: str) -> None:
    crate = with_entry(entry(f"{ROOT}/x", pax=pax), b"1234", tarfile.PAX_FORMAT)

    assert problem in reason(crate)


def pax_block(content: bytes) -> bytes:
    header = entry("pax", type=b"x")
    header.size = len(content)
    return header.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"0 a=b\n",
        b"5 a=b\n",
        b"7 a=b\n",
        b"6 a=b ",
        b"5 ab\n",
        b"99999999999 a=b\n",
        b"2 \n",
        b"3 =\n",
        b"8 path=a" * 2,
        b"10 path=a\n10 path=b\n",
    ],
)
def test_it_refuses_damaged_pax_records(content: bytes) -> None:
    good = gzip.decompress(build_crate())

    assert "malformed" in reason(gzip.compress(pax_block(content) + good))


def test_it_refuses_headers_that_two_readers_read_differently() -> None:
    raw = bytearray(gzip.decompress(build_crate()))
    raw[345:348] = b"odd"
    raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + 8 * 32 + sum(raw[156:512]))

    assert "unknown format" in reason(gzip.compress(bytes(raw)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda raw: raw[:700], "ends in the middle"),
        (lambda raw: raw[:-8192], "ends in the middle"),
        (lambda raw: raw + b"x", "data after the end of the tar archive"),
        (lambda raw: bytes(512) + raw, "empty header between"),
        (lambda raw: b"x" + raw[1:], "wrong checksum"),
        (lambda raw: raw[:124] + b"\x80" * 12 + raw[136:], "wrong checksum"),
        (lambda raw: b"", "ends in the middle"),
    ],
)
def test_it_refuses_a_damaged_tar(change: object, problem: str) -> None:
    raw = gzip.decompress(build_crate())[: 4 * 512 + 8192]

    assert callable(change)
    assert problem in reason(gzip.compress(change(raw)))


@pytest.mark.parametrize(
    ("crate", "problem"),
    [
        (b"", "ends early"),
        (b"PK\x03\x04" + bytes(20), "damaged"),
        (build_crate()[:-1], "ends early"),
        (build_crate()[:-9], "ends early"),
        (build_crate()[:-8] + bytes(8), "damaged"),
        (build_crate() + b"x", "data after the end of the gzip data"),
        (build_crate() + gzip.compress(b"more"), "data after the end of the gzip data"),
        (zlib.compress(b"not gzip"), "damaged"),
    ],
)
def test_it_refuses_damaged_gzip_data(crate: bytes, problem: str) -> None:
    message = reason(crate)

    assert message.startswith("uploaded tarball is malformed or too large when decompressed: ")
    assert problem in message


def bomb(mebibytes: int, before: bytes) -> bytes:
    """Zeros behind some bytes, quickly packed."""
    deflate = zlib.compressobj(1, wbits=31)
    chunk = bytes(MEBIBYTE)
    parts = [deflate.compress(before), *(deflate.compress(chunk) for _ in range(mebibytes))]
    return b"".join(parts) + deflate.flush()


def header(path: str, type: bytes, size: int) -> bytes:
    info = entry(path, type=type)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mebibytes", "before", "problem"),
    [
        (201, header(f"{ROOT}/x", b"0", 300 * MEBIBYTE), "inflates to more than 209715200 bytes"),
        (9, header(f"{ROOT}/x", b"0", 300 * MEBIBYTE), "ends in the middle"),
        (9, header("long", b"L", 8 * MEBIBYTE), "at most 8192 are read"),
        (9, header("pax", b"x", 8 * MEBIBYTE), "at most 65536 are read"),
        (9, header(f"{ROOT}/Cargo.toml", b"0", 8 * MEBIBYTE), "more than 1048576 bytes"),
    ],
    ids=["file", "short", "long-name", "pax", "manifest"],
)
def test_a_bomb_is_refused_with_little_memory(mebibytes: int, before: bytes, problem: str) -> None:
    crate = bomb(mebibytes, before)

    tracemalloc.start()
    message = reason(crate, max_unpacked_bytes=200 * MEBIBYTE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert problem in message
    assert peak < 2 * MEBIBYTE


def test_zeros_behind_the_end_count_as_well() -> None:
    crate = bomb(9, gzip.decompress(build_crate()))

    assert "inflates to more than" in reason(crate, max_unpacked_bytes=8 * MEBIBYTE)


CRATES = [
    build_crate(),
    build_crate(files={"a/" * 70 + "x": b"long name"}),
    build_crate(files={"größe": b"pax"}, format=tarfile.PAX_FORMAT),
]


def read_or_refuse(crate: bytes) -> None:
    with suppress(FormatError):
        assert isinstance(read(crate), Archive)


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, compressed: bool) -> None:
    read_or_refuse(gzip.compress(data) if compressed else data)


@st.composite
def damaged(draw: st.DrawFn, crates: list[bytes]) -> bytes:
    """One of the crates with bytes changed, cut out or repeated."""
    crate = bytearray(draw(st.sampled_from(crates)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(crate) - 1))
        length = draw(st.integers(1, 600))
        match draw(st.integers(0, 2)):
            case 0:
                crate[at] = draw(st.integers(0, 255))
            case 1:
                crate[at : at + length] = b""
            case _:
                crate[at:at] = crate[at : at + length]
        crate = crate or bytearray(1)
    return bytes(crate)


@given(damaged(CRATES))
def test_damaged_gzip_is_read_or_refused(crate: bytes) -> None:
    read_or_refuse(crate)


@given(damaged([gzip.decompress(crate)[: 7 * 512] + bytes(1024) for crate in CRATES]))
def test_a_damaged_tar_is_read_or_refused(raw: bytes) -> None:
    read_or_refuse(gzip.compress(raw, 1))
