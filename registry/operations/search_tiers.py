"""Keeps in which tier of popular crates a crate is, by how often it was downloaded lately."""

from bisect import bisect
from collections.abc import Iterator, Sequence

from django.conf import settings

from registry.models import Crate, SearchDocument
from registry.models.search_document import REST
from registry.operations.search_document import AT_ONCE

# A registry of no more crates than this tier holds has none: all of them are soon looked through.
FEW = 4


def refresh() -> int:
    """Moves the crates whose tier has changed, few at a time; answers how many."""
    wanted = dict(_wanted())
    held = dict(SearchDocument.objects.filter(tier__lt=REST).order_by().values_list("pk", "tier"))
    moved = dict.fromkeys(held.keys() - wanted.keys(), REST)
    moved |= {pk: tier for pk, tier in wanted.items() if held.get(pk) != tier}
    for tier in range(REST + 1):
        ids = sorted(pk for pk, new in moved.items() if new == tier)
        for some in _slices(ids):
            SearchDocument.objects.filter(pk__in=some).update(tier=tier)
    return len(moved)


def _wanted() -> Iterator[tuple[int, int]]:
    """Key and tier of the crates that have one."""
    popular = Crate.objects.order_by("-recent_downloads", "-downloads", "pk")
    sizes = settings.SEARCH_TIERS
    ids = list(popular.values_list("pk", flat=True)[: sizes[-1]])
    for place, pk in enumerate(ids if len(ids) > sizes[FEW] else ()):
        yield pk, bisect(sizes, place)


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
