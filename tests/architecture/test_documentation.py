"""What an operator or a client meets is written down, and nothing is written down that is gone."""

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.core.management import find_commands
from django.template import engines

import accounts
import registry
import trustpub
from accounts.errors import Refusal
from config.timetable import TIMETABLE
from tests.environment_names import names_read
from trustpub.codes import ExchangeCode

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
README = (ROOT / "README.md").read_text()
APPS = ("accounts", "registry", "trustpub")

# A home folder, or an address that packages are downloaded from. Crates.io's index is a fact of
# the protocol, and PyPI is where a file says that something comes from.
MACHINE = re.compile(
    r"/home/[a-z]+/|/root/|/Users/[A-Za-z]+/"
    r"|https?://[\w.-]*(?:pythonhosted\.org|pypi\.org/simple|mirror\w*\.|artifactory|nexus)[\w./-]*"
)


def rows(document: str, heading: str) -> set[str]:
    """The first words of the first columns of the tables below a heading."""
    section = document.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^` ]+)", section, re.MULTILINE))


def test_the_manual_lists_every_variable_and_no_other() -> None:
    assert rows(OPERATING, "Environment") == names_read()


def test_the_manual_lists_every_command_and_no_other() -> None:
    commands = {
        command
        for app in APPS
        for command in find_commands(str(Path(apps.get_app_config(app).path) / "management"))
    }

    assert rows(OPERATING, "Commands") == commands


def test_every_job_of_the_clock_is_explained() -> None:
    jobs = re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "jobs.md").read_text(), re.MULTILINE)

    assert sorted(jobs) == sorted(entry["task"] for entry in TIMETABLE.values())


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    declared = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert declared

    unexplained = [
        target
        for target in declared[1].split()
        if f"make {target}" not in README + OPERATING + (ROOT / "CONTRIBUTING.md").read_text()
    ]

    assert unexplained == []


def test_every_error_code_is_listed_and_no_other() -> None:
    for package in (accounts, registry, trustpub):
        _import_all(package)
    codes = {kind.code for kind in _subclasses(Refusal)} | {code.value for code in ExchangeCode}

    listed = rows(ERRORS, "Accounts") | rows(ERRORS, "Crates") | rows(ERRORS, "Trusted publishing")

    # The exchange takes its code from ExchangeCode; the base class is never raised.
    assert listed == codes - {Refusal.code}


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "templates").rglob("*.*")),
    ids=lambda path: str(path.relative_to(ROOT / "templates")),
)
def test_it_compiles_every_template(path: Path) -> None:
    engines["django"].get_template(str(path.relative_to(ROOT / "templates")))


def test_every_document_that_is_linked_exists() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]

    assert broken == []


def test_no_file_names_a_machine_or_a_download_host() -> None:
    named = [
        f"{name}: {found[0]}"
        for name in _tracked_files()
        if name != str(Path(__file__).relative_to(ROOT))
        for found in MACHINE.finditer(_text(ROOT / name))
    ]

    assert named == []


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def _subclasses(kind: type[Refusal]) -> set[type[Refusal]]:
    return {kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))}


def _tracked_files() -> list[str]:
    """What belongs to the project; empty in an unpacked archive without its history."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""
