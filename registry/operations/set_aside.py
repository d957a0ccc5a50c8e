"""Moves archives of hidden versions to where nothing serves them, and back."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from registry import storage
from registry.models import Crate, Version

_OUT_OF_PLACE = Q(hidden_at__isnull=False, set_aside_at=None) | Q(
    hidden_at=None, set_aside_at__isnull=False
)


def out_of_place(crate: Crate | int) -> list[Version]:
    """Those whose archive does not lie where it belongs by now; one query."""
    rows = Version.everything.filter(_OUT_OF_PLACE, crate=crate).select_related("crate")
    return list(rows.only("num", "hidden_at", "set_aside_at", "crate__name").order_by("pk"))


def unfinished_crates() -> list[str]:
    """Names of the crates with such versions."""
    rows = Version.everything.filter(_OUT_OF_PLACE)
    return sorted(set(rows.values_list("crate__name", flat=True)))


def bring_back(versions: Sequence[Version]) -> None:
    """Of these, those that everybody may see again; raises OSError when the storage fails."""
    for version in versions:
        if version.hidden_at is None:
            name, num = version.crate.name, version.num
            _move(storage.aside_key(name, num), storage.archive_key(name, num))
            Version.everything.filter(pk=version.pk).update(set_aside_at=None)


def put_aside(versions: Sequence[Version]) -> None:
    """Of these, the hidden ones; raises OSError when the storage fails."""
    for version in versions:
        if version.hidden_at is not None:
            name, num = version.crate.name, version.num
            _move(storage.archive_key(name, num), storage.aside_key(name, num))
            Version.everything.filter(pk=version.pk).update(set_aside_at=timezone.now())


def _move(source: str, target: str) -> None:
    """Nothing happens where it was moved before, or is missing: verify_storage tells of that."""
    try:
        with storage.objects().open_read(source) as file:
            storage.put_archive(target, file)
    except FileNotFoundError:
        return
    storage.objects().delete(source)
