"""Keywords and categories as clients list them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from registry.models import Category, Keyword


@dataclass(frozen=True, slots=True)
class CountedCategory:
    """`crates` counts the crates of its subcategories too."""

    category: Category
    crates: int


@dataclass(frozen=True, slots=True)
class CategoryFamily:
    """A category with those right below it and those above it, the uppermost first."""

    category: Category
    children: list[CountedCategory]
    parents: list[CountedCategory]


def keywords_by(sort: str | None) -> QuerySet[Keyword]:
    """By use where `sort` is `crates`, else by name."""
    order = ("-crates_cnt", "keyword") if sort == "crates" else ("keyword",)
    return Keyword.objects.order_by(*order)


def top_categories(sort: str | None) -> list[CountedCategory]:
    """Those without a parent, by use where `sort` is `crates`, else by name; one query."""
    known = sorted(Category.objects.all(), key=lambda row: (row.name.casefold(), row.slug))
    found = [_counted(row, known) for row in known if "::" not in row.slug]
    if sort == "crates":
        found.sort(key=lambda counted: -counted.crates)
    return found


def all_categories() -> list[Category]:
    """By slug; databases differ in how they sort its colons."""
    return sorted(Category.objects.all(), key=lambda row: row.slug)


def category_family(slug: str) -> CategoryFamily | None:
    """None if there is no such category; one query."""
    known = all_categories()
    category = next((row for row in known if row.slug == slug), None)
    if category is None:
        return None
    children = [row for row in known if row.slug.rpartition("::")[0] == slug]
    parents = [row for row in known if slug.startswith(f"{row.slug}::")]
    return CategoryFamily(
        category,
        [_counted(row, known) for row in children],
        [_counted(row, known) for row in parents],
    )


def _counted(category: Category, known: Sequence[Category]) -> CountedCategory:
    below = f"{category.slug}::"
    inside = [row for row in known if row.pk == category.pk or row.slug.startswith(below)]
    return CountedCategory(category, sum(row.crates_cnt for row in inside))
