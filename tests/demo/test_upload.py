import io
import json
from pathlib import Path

import pytest

from demo.upload import CannotPack, Package, pack
from registry.formats.archive import Archive, read_archive
from registry.formats.publish_frame import read_metadata
from tests.factories.archives import manifest_for

COMMIT = "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10"


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    files = {
        "Cargo.toml": manifest_for(extra='keywords = ["tide"]\nrust-version = "1.70"\n'),
        "README.md": "# Demo\n",
        "src/lib.rs": "//! A demo.\n",
        ".github/workflows/release.yml": "on: push\n",
        ".git/config": "secrets of the checkout\n",
        "target/debug/demo": "built\n",
        "Cargo.lock": "version = 4\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def read(package: Package) -> Archive:
    return read_archive(
        io.BytesIO(package.archive),
        name="demo-crate",
        version="0.1.0",
        max_unpacked_bytes=1_000_000,
        max_entries=100,
        token_prefix="wbl",
    )


def test_the_registry_reads_its_archives(crate: Path) -> None:
    archive = read(pack(crate, COMMIT))

    assert archive.paths == (
        ".cargo_vcs_info.json",
        ".github/workflows/release.yml",
        "Cargo.toml",
        "README.md",
        "src/lib.rs",
    )
    assert archive.manifest_text == (crate / "Cargo.toml").read_text()
    assert archive.vcs_info == {"git": {"sha1": COMMIT}, "path_in_vcs": ""}


def test_an_archive_without_a_commit_names_none(crate: Path) -> None:
    assert read(pack(crate, None)).vcs_info is None


def test_equal_sources_give_equal_archives(crate: Path) -> None:
    before = pack(crate, COMMIT)
    (crate / "src/lib.rs").touch()

    assert pack(crate, COMMIT) == before


def test_the_registry_reads_its_metadata(crate: Path) -> None:
    package = pack(crate, COMMIT)

    text = json.dumps(package.metadata).encode()
    read_back = read_metadata(io.BytesIO(len(text).to_bytes(4, "little") + text))

    assert (read_back.name, read_back.vers) == ("demo-crate", "0.1.0")
    assert (read_back.readme, read_back.readme_file) == ("# Demo\n", "README.md")
    assert package.metadata["keywords"] == ["tide"]
    assert package.metadata["rust_version"] == "1.70"
    assert package.metadata["license"] == "MIT OR Apache-2.0"


@pytest.mark.parametrize(
    "extra",
    [
        '[dependencies]\nserde = "1"\n',
        '[dev-dependencies]\nserde = "1"\n',
        '[target."cfg(unix)".dependencies]\nlibc = "1"\n',
    ],
)
def test_it_leaves_dependencies_to_cargo(crate: Path, extra: str) -> None:
    (crate / "Cargo.toml").write_text(manifest_for(extra=extra))

    with pytest.raises(CannotPack, match="use cargo"):
        pack(crate, COMMIT)
