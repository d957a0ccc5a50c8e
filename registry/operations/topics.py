"""Files a crate under its keywords and categories, and keeps how many crates each has."""

from collections.abc import Iterable

from django.db.models import F

from registry.models import Category, Crate, Keyword


def file_under(crate: Crate, *, keywords: Iterable[str], categories: Iterable[str]) -> None:
    """Under these and no others, in the caller's transaction and under the lock of the crate.

    New keywords come into being; categories that do not exist are left out.
    """
    wanted = {keyword.lower() for keyword in keywords}
    # All rows in one order, keywords first: two publishes never wait for each other.
    Keyword.objects.bulk_create(
        [Keyword(keyword=keyword) for keyword in sorted(wanted)], ignore_conflicts=True
    )
    _file_under_keywords(crate, wanted)
    _file_under_categories(crate, set(categories))


def _file_under_keywords(crate: Crate, wanted: set[str]) -> None:
    before = set(crate.keyword_rows.values_list("keyword", flat=True))
    if wanted == before:
        return
    changed = Keyword.objects.select_for_update().filter(keyword__in=wanted ^ before)
    rows = list(changed.order_by("keyword"))
    added = [row for row in rows if row.keyword in wanted]
    removed = [row for row in rows if row.keyword not in wanted]
    crate.keyword_rows.add(*added)
    crate.keyword_rows.remove(*removed)
    Keyword.objects.filter(pk__in=[row.pk for row in added]).update(crates_cnt=F("crates_cnt") + 1)
    Keyword.objects.filter(pk__in=[row.pk for row in removed]).update(
        crates_cnt=F("crates_cnt") - 1
    )


def _file_under_categories(crate: Crate, wanted: set[str]) -> None:
    before = set(crate.category_rows.values_list("slug", flat=True))
    if wanted == before:
        return
    changed = Category.objects.select_for_update().filter(slug__in=wanted ^ before)
    rows = list(changed.order_by("slug"))
    added = [row for row in rows if row.slug in wanted]
    removed = [row for row in rows if row.slug not in wanted]
    crate.category_rows.add(*added)
    crate.category_rows.remove(*removed)
    Category.objects.filter(pk__in=[row.pk for row in added]).update(crates_cnt=F("crates_cnt") + 1)
    Category.objects.filter(pk__in=[row.pk for row in removed]).update(
        crates_cnt=F("crates_cnt") - 1
    )
