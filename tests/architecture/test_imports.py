"""What import-linter and ruff cannot say of the layout; they hold the order of apps and layers."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("adapters", "accounts", "registry", "trustpub", "config", "credential")
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common", "lib"}
LONGEST_FILE = 400

MODULES = sorted(path for app in PRODUCT for path in (ROOT / app).rglob("*.py"))


def test_no_room_is_without_a_name() -> None:
    found = [path for path in MODULES if path.stem in NAMELESS or path.parent.name in NAMELESS]

    assert not found, "if no name fits, the thing is not understood yet"


@pytest.mark.parametrize("app", PRODUCT)
def test_every_folder_of_modules_is_a_package(app: str) -> None:
    folders = {path.parent for path in MODULES if path.is_relative_to(ROOT / app)}

    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_no_file_outgrows_its_reader() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in MODULES
        if "migrations" not in path.parts and (lines := path.read_text().count("\n")) > LONGEST_FILE
    }

    assert not long
