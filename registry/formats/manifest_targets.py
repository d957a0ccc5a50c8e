"""Finds the library and the programs of a package, as cargo does from its manifest and files.

Source: the Cargo book, "Target auto-discovery".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.formats.manifest_table import Table, unreadable

MAX_TARGET_NAME = 255

_PROGRAM = re.compile(r"src/bin/([^/]+)(?:\.rs|/main\.rs)")


@dataclass(frozen=True, slots=True)
class Targets:
    """`lib_name` is None without a library; `bin_names` are sorted."""

    lib_name: str | None
    bin_names: tuple[str, ...]


def find_targets(document: Table, package: Table, name: str, paths: Sequence[str]) -> Targets:
    """`paths` are the files of the package, relative to its root. Raises InvalidManifest."""
    targets = Targets(
        lib_name=_library(document, package, name, paths),
        bin_names=tuple(sorted(set(_programs(document, package, name, paths)))),
    )
    for found in (targets.lib_name or "", *targets.bin_names):
        if len(found) > MAX_TARGET_NAME:
            raise unreadable(f"a target has a name of more than {MAX_TARGET_NAME} characters")
    return targets


def _library(document: Table, package: Table, name: str, paths: Sequence[str]) -> str | None:
    default = name.replace("-", "_")
    stated = document.table("lib")
    if stated is not None:
        if stated.text("path") is None and "src/lib.rs" not in paths:
            raise unreadable("can't find library, rename file to `src/lib.rs` or specify lib.path")
        return stated.text("name") or default
    discovers = package.flag("autolib", default=True)
    return default if discovers and "src/lib.rs" in paths else None


def _programs(document: Table, package: Table, name: str, paths: Sequence[str]) -> list[str]:
    stated = [program.text("name") or name for program in document.tables("bin")]
    # Edition 2015 stops looking for programs once one is stated.
    by_default = not stated or (package.text("edition") or "2015") != "2015"
    if not package.flag("autobins", default=by_default):
        return stated
    discovered = [found[1] for path in paths if (found := _PROGRAM.fullmatch(path))]
    if "src/main.rs" in paths:
        discovered.append(name)
    taken = {program.text("path") for program in document.tables("bin")}
    return stated + [program for program in discovered if not _files(program, name) & taken]


def _files(program: str, name: str) -> set[str | None]:
    files: set[str | None] = {f"src/bin/{program}.rs", f"src/bin/{program}/main.rs"}
    return files | {"src/main.rs"} if program == name else files
