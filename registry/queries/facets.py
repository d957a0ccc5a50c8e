"""How the crates that a search found can be narrowed: by how they came, category and keyword."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet

from registry.models import Category, Crate, Keyword, PublishKind

# Of so many crates, the most downloaded ones, the facets are counted.
LOOKED_AT = 1000
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Facet:
    """A value to narrow by, and how many crates would be left."""

    value: str
    crates: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The most frequent first; empty lists where there is nothing to choose."""

    trusted: int
    categories: Sequence[Facet]
    keywords: Sequence[Facet]


def facets_of(found: QuerySet[Crate]) -> Facets:
    """Three queries."""
    popular = found.order_by("-recent_downloads", "-downloads", "pk").values("pk")[:LOOKED_AT]
    looked_at = Crate.objects.filter(pk__in=popular)
    return Facets(
        trusted=trusted(looked_at).count(),
        categories=_counted(Category.objects.filter(crates__in=popular), "slug"),
        keywords=_counted(Keyword.objects.filter(crates__in=popular), "keyword"),
    )


def trusted(crates: QuerySet[Crate]) -> QuerySet[Crate]:
    """Those whose default version came from a CI job that proved its identity."""
    return crates.filter(
        versions__num=F("default_version"), versions__provenance__kind=PublishKind.TRUSTED
    )


def _counted(rows: QuerySet[Any], name: str) -> list[Facet]:
    found = rows.annotate(found=Count("crates")).order_by("-found", name)
    return [Facet(value, count) for value, count in found.values_list(name, "found")[:SHOWN]]
