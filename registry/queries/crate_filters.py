"""Which crates a list starts from, before it is searched and sorted (crates-io-api 1.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import User
from registry.formats.names import canonical
from registry.models import Category, Crate


@dataclass(frozen=True, slots=True)
class CrateFilter:
    """What a list asks for; None where it does not ask.

    Of the fields up to `names` the first that is given counts alone. `category` and
    `with_yanked` come on top.
    """

    all_keywords: Sequence[str] | None = None
    keyword: str | None = None
    letter: str | None = None
    user_id: int | None = None
    team_id: int | None = None
    follower: User | None = None
    names: Sequence[str] | None = None
    category: str | None = None
    with_yanked: bool = True


def crates_matching(wanted: CrateFilter) -> QuerySet[Crate]:
    """Each crate once, in no order; texts must be free of NUL."""
    rows = _selected(wanted)
    if wanted.category is not None:
        slug = wanted.category
        inside = Category.objects.filter(Q(slug=slug) | Q(slug__startswith=f"{slug}::"))
        rows = rows.filter(pk__in=inside.values("crates"))
    if not wanted.with_yanked:
        rows = rows.exclude(max_version="")
    return rows


def _selected(wanted: CrateFilter) -> QuerySet[Crate]:
    rows: QuerySet[Crate] = Crate.objects.all()
    if wanted.all_keywords is not None:
        for keyword in wanted.all_keywords:
            rows = rows.filter(keyword_rows__keyword=keyword.lower())
    elif wanted.keyword is not None:
        rows = rows.filter(keyword_rows__keyword=wanted.keyword.lower())
    elif wanted.letter is not None:
        rows = rows.filter(canonical_name__startswith=canonical(wanted.letter[:1]))
    elif wanted.user_id is not None:
        rows = rows.filter(ownerships__user_id=wanted.user_id)
    elif wanted.team_id is not None:
        rows = rows.filter(ownerships__team_id=wanted.team_id)
    elif wanted.follower is not None:
        rows = rows.filter(follows__user=wanted.follower)
    elif wanted.names is not None:
        rows = rows.filter(canonical_name__in={canonical(name) for name in wanted.names})
    return rows
