"""Keeps what crates are found by."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice

from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Max
from django.db.models.functions import Left

from registry.formats.search_text import MAX_README_READ, search_words
from registry.models import Crate, SearchDocument, Version

AT_ONCE = 200
_FIELDS = ["name", "keywords", "description", "readme"]


def write(crate: Crate, *, readme: str) -> None:
    """Anew, from what the crate says of itself and the readme of its last version; one query."""
    _save([_document(crate, readme)])


def rebuild() -> int:
    """Those of all crates; how many. Whatever the database derives from them is made anew, too."""
    crates = Crate.objects.order_by("pk").iterator(chunk_size=AT_ONCE)
    count = 0
    while batch := list(islice(crates, AT_ONCE)):
        readmes = _readmes(batch)
        _save(_document(crate, readmes.get(crate.pk, "")) for crate in batch)
        count += len(batch)
    if connection.vendor == "sqlite":
        _rebuild_fts()
    else:
        create_trigram_index(connection)
    return count


def create_trigram_index(on: BaseDatabaseWrapper) -> bool:
    """On PostgreSQL, if the extension is there or may be created.

    Without it search finds the same, but reads all names for it.
    """
    try:
        with transaction.atomic(using=on.alias), on.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                "CREATE INDEX IF NOT EXISTS registry_search_name_trigrams "
                "ON registry_searchdocument USING gin (name gin_trgm_ops) WITH (fastupdate = off)"
            )
    except DatabaseError:
        return False
    return True


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
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_search_words(registry_search_words) VALUES ('rebuild')"
        )
        cursor.execute(
            "INSERT INTO registry_search_names(registry_search_names) VALUES ('rebuild')"
        )
