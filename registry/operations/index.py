"""Writes the files of the index from the database, and compares them (design decision 2).

With them goes where archives lie: those of hidden versions are where nothing serves them.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, QuerySet

from adapters.commits import AND_COMMIT_SOON
from adapters.compiled import CompiledInsert, CompiledQuery
from registry import storage
from registry.formats.names import canonical
from registry.models import Crate, IndexChange, Version
from registry.operations import set_aside
from registry.operations.difference import Difference, Kind
from registry.queries.index_texts import index_texts

# By the column that has an index.
FIND = "SELECT id FROM registry_crate WHERE canonical_name = %s AND name = %s"
FORGET = "DELETE FROM registry_indexchange WHERE crate_name = %s"
# PostgreSQL deletes once it has the lock, and yet no more than was there before it waited for it.
FORGET_UNDER_LOCK = f"WITH forgotten AS ({FORGET} {AND_COMMIT_SOON}) {FIND} FOR NO KEY UPDATE"
logger = logging.getLogger(__name__)
_CHANGES = CompiledInsert(IndexChange)
_VERSIONS = CompiledQuery(
    lambda crate: (
        Version.everything.filter(crate=crate)
        .order_by("pk")
        .values_list("index_line", "hidden_at", "set_aside_at")
    ),
    crate=int,
)


def note_change(crate: Crate) -> None:
    """Leaves an outbox row in the caller's transaction and writes the file right after commit.

    A process that dies in between leaves the row, which the clock's sweep finds.
    """
    _CHANGES.save(change_of(crate))


def change_of(crate: Crate) -> IndexChange:
    """The same for who saves the row, together with others."""
    name = crate.name
    # robust: the change is committed, so a storage that is away must not turn it into an error.
    transaction.on_commit(lambda: write(name), robust=True)
    return IndexChange(crate_name=name)


@transaction.atomic(durable=True)
def write(crate_name: str) -> None:
    """Renders one file under the crate's row lock, so no late writer restores an older state.

    Never within another transaction, as this one's commit may come late: it only forgets.
    """
    crate = _hold(crate_name)
    rows = _VERSIONS.tuples(crate=crate) if crate else []
    is_moving = any((hidden is None) != (aside is None) for _, hidden, aside in rows)
    moved = set_aside.out_of_place(crate) if crate and is_moving else []
    # What the index names is there at each moment.
    set_aside.bring_back(moved)
    text = "".join(f"{line}\n" for line, hidden, _ in rows if hidden is None)
    _store(crate_name, text, durable=True)
    set_aside.put_aside(moved)


def sweep() -> int:
    """Writes files that the outbox still names, the oldest first; answers how many were written.

    Some hundreds in a run, for the next one comes soon. What fails waits behind all others then.
    """
    oldest = IndexChange.objects.values("crate_name").annotate(first=Min("pk")).order_by("first")
    written = 0
    for name in list(oldest.values_list("crate_name", flat=True)[: settings.CRATES_AT_ONCE]):
        try:
            write(name)
            written += 1
        except OSError:
            logger.exception("index file of %s could not be written; trying again later", name)
            _put_last(name)
    return written


def rebuild(names: Iterable[str] | None = None) -> int:
    """Makes the files of the named crates, or of all, what the database says; answers how many.

    Of all, those that are right already are left alone: what was interrupted is soon where it was.
    """
    count = 0
    if names is not None:
        for name in names:
            write(name)
            count += 1
        return count
    for name in set_aside.unfinished_crates():
        write(name)
    for keys in _batches(Crate.everything.all()):
        count += _write_batch(keys)
    storage.objects().flush()
    return count


def differences(names: Iterable[str] | None = None) -> Iterator[Difference]:
    """Each file that is not what the database says."""
    if names is not None:
        for name in names:
            yield from _difference(name)
        return
    for keys in _batches(Crate.objects.all()):
        visible = dict(Crate.objects.filter(pk__range=keys).values_list("pk", "name"))
        for name in storage.differing_index(index_texts(visible)):
            # Looked at once more: a publish may have come in between.
            yield from _difference(name)
    yield from _strays()


def rendered(crate: Crate) -> str:
    """The whole file, a line for each version in the order of publication."""
    lines = Version.objects.filter(crate=crate).order_by("pk").values_list("index_line", flat=True)
    return "".join(f"{line}\n" for line in lines)


def _hold(crate_name: str) -> int | None:
    """The key of the crate, under lock; the changes that are noted so far are forgotten.

    Before the versions are read: what is noted later may not be among them. If the commit is lost
    in a power failure, the file is written once more.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FORGET_UNDER_LOCK, [crate_name, canonical(crate_name), crate_name])
        else:
            cursor.execute(FORGET, [crate_name])
            cursor.execute(FIND, [canonical(crate_name), crate_name])
        found = cursor.fetchone()
    return found[0] if found else None


@transaction.atomic
def _put_last(crate_name: str) -> None:
    """Or a few hundred that can never be written would be all that is ever tried."""
    rows = IndexChange.objects.select_for_update().filter(crate_name=crate_name).order_by("pk")
    # None if somebody has written it meanwhile.
    if noted := list(rows):
        _CHANGES.save(IndexChange(crate_name=crate_name, created_at=noted[0].created_at))
        IndexChange.objects.filter(pk__in=[row.pk for row in noted]).delete()


def _difference(name: str) -> Iterator[Difference]:
    key = storage.index_key(name)
    # It may have been deleted since its name was asked for.
    crate = Crate.objects.named(name).filter(name=name).first()
    stored = _stored(name)
    wanted = rendered(crate) if crate else ""
    if stored is None and wanted:
        yield Difference(Kind.INDEX_DIFFERS, key, "missing", name)
    elif (stored or "") != wanted:
        yield Difference(Kind.INDEX_DIFFERS, key, "differs from the database", name)


def _strays() -> Iterator[Difference]:
    keys = storage.objects().walk("index")
    while some := list(islice(keys, settings.CRATES_AT_ONCE)):
        names = {canonical(key.rpartition("/")[2]) for key in some}
        rows = Crate.objects.filter(canonical_name__in=names).values_list("name", flat=True)
        expected = {storage.index_key(name) for name in rows}
        for key in some:
            if key not in expected:
                yield Difference(Kind.STRAY_INDEX_FILE, key, "no such crate")


def _batches(crates: QuerySet[Crate]) -> Iterator[tuple[int, int]]:
    """First and last key of as many as have so many versions together, and at least of one.

    Each batch is asked for when its turn comes.
    """
    last = 0
    rows = crates.order_by("pk").values_list("pk", "num_versions")
    while some := list(rows.filter(pk__gt=last)[: settings.CRATES_AT_ONCE]):
        before = accumulate((versions for _, versions in some), initial=0)
        keys = [
            pk
            for (pk, _), lines in zip(some, before, strict=False)
            if lines < settings.INDEX_LINES_AT_ONCE
        ]
        last = keys[-1]
        yield keys[0], last


@transaction.atomic
def _write_batch(keys: tuple[int, int]) -> int:
    """As `write` does, under the locks of these crates."""
    crates = Crate.everything.filter(pk__range=keys)
    names = dict(crates.locked().order_by("pk").values_list("pk", "name"))
    written = set(names.values())
    # Read under the locks, as all that follows. A crate that came since is not among those.
    noted = IndexChange.objects.filter(crate_name__in=crates.values("name"))
    changes = {pk: name for pk, name in noted.values_list("pk", "crate_name") if name in written}
    changed = set(changes.values())
    texts = index_texts(names)
    for name in storage.differing_index(texts):
        # What the outbox names has to be safe before it names it no more.
        _store(name, texts[name], durable=name in changed)
    if changes:
        IndexChange.objects.filter(pk__in=list(changes)).delete()
    return len(names)


def _store(name: str, text: str, *, durable: bool) -> None:
    if text:
        storage.store_index(name, text, durable=durable)
    else:
        storage.remove_index(name)


def _stored(name: str) -> str | None:
    try:
        with storage.objects().open_read(storage.index_key(name)) as file:
            return file.read().decode()
    except FileNotFoundError:
        return None
