"""Keeps what crates are found by."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice

from django.db import connection
from django.db.models import Max
from django.db.models.functions import Left

from registry.formats.search_text import MAX_README_READ, search_words
from registry.models import Crate, SearchDocument, Version
from registry.queries import search_sqlite

AT_ONCE = 200
_FIELDS = ["name", "keywords", "description", "readme"]
_FTS = {"registry_search_words": ", ".join(_FIELDS), "registry_search_names": "name"}


def write(crate: Crate, *, readme: str, known: SearchDocument | None = None) -> None:
    """From what the crate says of itself and the readme of its last version; one query, or none.

    None where it is `known` to say this already: as most versions say what the one before said,
    and the indexes are dear to change.
    """
    document = _document(crate, readme)
    if known is None or any(getattr(known, name) != getattr(document, name) for name in _FIELDS):
        _save([document])


def rebuild() -> int:
    """Those of all crates; how many. On SQLite the index of them is made anew, too."""
    crates = Crate.objects.order_by("pk").iterator(chunk_size=AT_ONCE)
    count = 0
    while batch := list(islice(crates, AT_ONCE)):
        readmes = _readmes(batch)
        _save(_document(crate, readmes.get(crate.pk, "")) for crate in batch)
        count += len(batch)
    if connection.vendor == "sqlite":
        _rebuild_fts()
    return count


def _save(documents: Iterable[SearchDocument]) -> None:
    SearchDocument.objects.bulk_create(
        documents, update_conflicts=True, unique_fields=["crate"], update_fields=_FIELDS
    )


def _document(crate: Crate, readme: str) -> SearchDocument:
    words = search_words(
        name=crate.name, keywords=crate.keywords, description=crate.description, readme=readme
    )
    return SearchDocument(crate=crate, **asdict(words))


def _readmes(crates: Sequence[Crate]) -> dict[int, str]:
    """How the readmes of their last versions begin."""
    last = Version.objects.filter(crate__in=crates).values("crate").annotate(last=Max("pk"))
    versions = Version.objects.filter(pk__in=last.values("last"))
    return dict(versions.values_list("crate_id", Left("readme", MAX_README_READ)))


def _rebuild_fts() -> None:
    statements = [f"INSERT INTO {of}({of}) VALUES ('rebuild')" for of in _FTS]  # noqa: S608
    for tier in search_sqlite.TIERS:
        for of, columns in _FTS.items():
            table = f"{of}_{tier}"
            some = (
                f"SELECT crate_id, {columns} FROM registry_searchdocument "  # noqa: S608
                f"WHERE popularity_tier <= {tier}"
            )
            statements += [
                f"INSERT INTO {table}({table}) VALUES ('delete-all')",  # noqa: S608
                f"INSERT INTO {table}(rowid, {columns}) {some}",
            ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
