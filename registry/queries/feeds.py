"""What feeds and the sitemap list (crates-io-api reference, 6.6)."""

from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Max, Model, OuterRef, QuerySet, Subquery
from django.utils import timezone

from registry.models import Crate, Version

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# An import of a whole registry must not make feeds of any length.
LONGEST = 1000

Row = TypeVar("Row", bound=Model)


def new_crates() -> list[Crate]:
    """At least 50, or those of the last hour; each with its `first_version`. Two queries."""
    first = Version.objects.filter(crate=OuterRef("pk")).order_by("pk").values("num")[:1]
    rows = Crate.objects.annotate(first_version=Subquery(first))
    return _latest(rows.only("name", "description", "created_at"), at_least=50, within=HOUR)


def new_versions() -> list[Version]:
    """Of all crates; at least 100, or those of the last hour. Two queries."""
    return _latest(_versions(), at_least=100, within=HOUR)


def new_versions_of(crate: Crate) -> list[Version]:
    """At least 10, or those of the last day. Two queries."""
    return _latest(_versions().filter(crate=crate), at_least=10, within=DAY)


def listed_crates() -> QuerySet[Crate]:
    """All, oldest first, so that a page keeps its crates when others are added."""
    return Crate.objects.only("name", "updated_at").order_by("pk")


def last_update() -> datetime | None:
    """When any crate changed last."""
    found: datetime | None = Crate.objects.aggregate(at=Max("updated_at"))["at"]
    return found


def _versions() -> QuerySet[Version]:
    return Version.objects.select_related("crate").only(
        "num", "description", "created_at", "crate__name"
    )


def _latest(rows: QuerySet[Row], *, at_least: int, within: timedelta) -> list[Row]:
    ordered = rows.order_by("-created_at", "-pk")
    recent = ordered.filter(created_at__gte=timezone.now() - within)[:LONGEST].count()
    return list(ordered[: max(at_least, recent)])
