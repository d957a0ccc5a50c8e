"""Writes the files of the index from the database, and compares them (design decision 2).

With them goes where archives lie: those of hidden versions are where nothing serves them.
"""

import logging
from collections.abc import Iterable, Iterator

from django.db import transaction

from registry import storage
from registry.models import Crate, IndexChange, Version
from registry.operations import set_aside
from registry.operations.difference import Difference, Kind

logger = logging.getLogger(__name__)


def note_change(crate: Crate) -> None:
    """Leaves an outbox row in the caller's transaction and writes the file right after commit.

    A process that dies in between leaves the row, which the clock's sweep finds.
    """
    IndexChange.objects.create(crate_name=crate.name)
    name = crate.name
    # robust: the change is committed, so a storage that is away must not turn it into an error.
    transaction.on_commit(lambda: write(name), robust=True)


@transaction.atomic
def write(crate_name: str) -> None:
    """Renders one file under the crate's row lock, so no late writer restores an older state."""
    crate = Crate.everything.locked().filter(name=crate_name).first()
    changes = list(IndexChange.objects.filter(crate_name=crate_name).values_list("pk", flat=True))
    moved = set_aside.out_of_place(crate) if crate else []
    # What the index names is there at each moment.
    set_aside.bring_back(moved)
    text = rendered(crate) if crate else ""
    if text:
        storage.store_index(crate_name, text)
    else:
        storage.remove_index(crate_name)
    set_aside.put_aside(moved)
    IndexChange.objects.filter(pk__in=changes).delete()


def sweep() -> int:
    """Writes every file that the outbox still names; answers how many were written."""
    names = IndexChange.objects.values_list("crate_name", flat=True).distinct()
    written = 0
    for name in list(names):
        try:
            write(name)
            written += 1
        except OSError:
            logger.exception("index file of %s could not be written; trying again later", name)
    return written


def rebuild(names: Iterable[str] | None = None) -> int:
    """Writes the files of the named crates, or of all; answers how many."""
    count = 0
    for name in _names(names):
        write(name)
        count += 1
    return count


def differences(names: Iterable[str] | None = None) -> Iterator[Difference]:
    """Each file that is not what the database says."""
    expected = set()
    for name in _names(names):
        key = storage.index_key(name)
        expected.add(key)
        # Deleted since the names were asked for.
        crate = Crate.objects.filter(name=name).first()
        stored = _stored(name)
        wanted = rendered(crate) if crate else ""
        if stored is None and wanted:
            yield Difference(Kind.INDEX_DIFFERS, key, "missing", name)
        elif (stored or "") != wanted:
            yield Difference(Kind.INDEX_DIFFERS, key, "differs from the database", name)
    if names is None:
        for key in storage.objects().walk("index"):
            if key not in expected:
                yield Difference(Kind.STRAY_INDEX_FILE, key, "no such crate")


def rendered(crate: Crate) -> str:
    """The whole file, a line for each version in the order of publication."""
    lines = Version.objects.filter(crate=crate).order_by("pk").values_list("index_line", flat=True)
    return "".join(f"{line}\n" for line in lines)


def _names(names: Iterable[str] | None) -> Iterable[str]:
    if names is not None:
        return names
    return Crate.objects.order_by("name").values_list("name", flat=True).iterator()


def _stored(name: str) -> str | None:
    try:
        with storage.objects().open_read(storage.index_key(name)) as file:
            return file.read().decode()
    except FileNotFoundError:
        return None
