"""Adds numbers to many rows at once: a statement for each table, however many rows."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection

Row = tuple[int | str | date, ...]


def locked_crates(canonical_names: Collection[str]) -> dict[str, int]:
    """Name as stored -> key, of those that are there."""
    rows: list[tuple[str, int]] = []
    for given in _slices([(name,) for name in canonical_names]):
        rows += _run(
            "SELECT crate.name, crate.id FROM registry_crate AS crate "
            "JOIN {given} ON crate.canonical_name = given.a",
            {"a": "text"},
            given,
        )
    lock(key for _, key in rows)
    return dict(rows)


def lock(crates: Iterable[int]) -> None:
    """In the order of the keys, in which everybody locks several; SQLite has one writer anyway."""
    if connection.vendor != "postgresql":
        return
    for given in _slices([(key,) for key in sorted(crates)]):
        _run(
            "SELECT crate.id FROM registry_crate AS crate JOIN {given} ON crate.id = given.a "
            "ORDER BY crate.id FOR NO KEY UPDATE OF crate",
            {"a": "bigint"},
            given,
        )


def versions(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Crate and number -> key."""
    found: dict[tuple[int, str], int] = {}
    for given in _slices(sorted(wanted)):
        rows = _run(
            "SELECT version.crate_id, version.num, version.id FROM registry_version AS version "
            "JOIN {given} ON version.crate_id = given.a AND version.num = given.b",
            {"a": "bigint", "b": "text"},
            given,
        )
        found.update({(crate, num): key for crate, num, key in rows})
    return found


def add_to_crates(downloads: Mapping[int, int], recent: Mapping[int, int]) -> None:
    rows = [(key, downloads[key], recent.get(key, 0)) for key in sorted(downloads)]
    for given in _slices(rows):
        _run(
            "UPDATE registry_crate SET downloads = downloads + given.b, "
            "recent_downloads = recent_downloads + given.c FROM {given} "
            "WHERE registry_crate.id = given.a",
            {"a": "bigint", "b": "bigint", "c": "bigint"},
            given,
        )


def add_to_versions(downloads: Mapping[int, int]) -> None:
    for given in _slices(sorted(downloads.items())):
        _run(
            # SQLite takes ON for that of a join unless a WHERE stands before it.
            "INSERT INTO registry_versiontotal (version_id, downloads) "
            "SELECT given.a, given.b FROM {given} WHERE true ON CONFLICT (version_id) DO UPDATE "
            "SET downloads = registry_versiontotal.downloads + excluded.downloads",
            {"a": "bigint", "b": "bigint"},
            given,
        )


def add_to_days(downloads: Iterable[tuple[int, date, int]]) -> None:
    """Of version, day and count, each version and day once."""
    for given in _slices(sorted(downloads)):
        _run(
            "INSERT INTO registry_versiondownload (version_id, date, downloads) "
            "SELECT given.a, given.b, given.c FROM {given} WHERE true "
            "ON CONFLICT (version_id, date) DO UPDATE "
            "SET downloads = registry_versiondownload.downloads + excluded.downloads",
            {"a": "bigint", "b": "date", "c": "bigint"},
            given,
        )


def _slices(rows: Collection[Row]) -> Iterator[list[Row]]:
    """The values of one statement are few parameters, so no limit of the database counts."""
    rest = iter(rows)
    while given := list(islice(rest, settings.COUNTS_PER_STATEMENT)):
        yield given


def _run(statement: str, columns: Mapping[str, str], rows: Sequence[Row]) -> list[tuple]:  # type: ignore[type-arg]
    """`{given}` is a table of the rows, whose texts have no line feed; the statement's answer."""
    if connection.vendor == "postgresql":
        # A text for each column: the driver is slow at arrays.
        arrays = ", ".join(
            f"string_to_array(%s::text, E'\\n')::{kind}[]" for kind in columns.values()
        )
        table = f"unnest({arrays}) AS given({', '.join(columns)})"
        parameters: list[Any] = ["\n".join(map(str, values)) for values in zip(*rows, strict=True)]
    else:
        cells = (f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns))
        table = f"(SELECT {', '.join(cells)} FROM json_each(%s)) AS given"  # noqa: S608
        parameters = [json.dumps(rows, default=str)]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(given=table), parameters)
        return cursor.fetchall() if cursor.description else []
