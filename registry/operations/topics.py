"""Files a crate under its keywords and categories, and keeps how many crates each has."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F

from registry.models import Crate, Keyword


def file_under(crate: Crate, *, keywords: Iterable[str], categories: Iterable[str]) -> None:
    """Under these and no others, in the caller's transaction and under the lock of the crate.

    New keywords come into being; categories that do not exist are left out.
    """
    wanted = {keyword.lower() for keyword in keywords}
    # All rows in one order, keywords first: two publishes never wait for each other.
    Keyword.objects.bulk_create(
        [Keyword(keyword=keyword) for keyword in sorted(wanted)], ignore_conflicts=True
    )
    _relate(crate.keyword_rows, "keyword", wanted)
    _relate(crate.category_rows, "slug", set(categories))


def _relate(related: Any, column: str, wanted: set[str]) -> None:
    """Relates the crate to the topics whose `column` is wanted, and counts it in and out."""
    before = set(related.values_list(column, flat=True))
    if wanted == before:
        return
    topics = related.model.objects
    changed = topics.select_for_update().filter(**{f"{column}__in": wanted ^ before})
    rows = list(changed.order_by(column))
    added = [row for row in rows if getattr(row, column) in wanted]
    removed = [row for row in rows if getattr(row, column) not in wanted]
    related.add(*added)
    related.remove(*removed)
    topics.filter(pk__in=[row.pk for row in added]).update(crates_cnt=F("crates_cnt") + 1)
    topics.filter(pk__in=[row.pk for row in removed]).update(crates_cnt=F("crates_cnt") - 1)
