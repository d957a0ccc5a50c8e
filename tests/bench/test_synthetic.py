from datetime import date
from functools import partial
from pathlib import Path
from random import Random

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import Count, F, Q, Sum

from adapters.log_file import pieces_of
from bench import counting, searching
from bench.synthetic.packages import packages
from bench.synthetic.registry import TABLES, Registry
from bench.synthetic.words import Words
from registry.models import (
    Category,
    Crate,
    Dependency,
    DownloadTotals,
    Keyword,
    Ownership,
    Provenance,
    SearchDocument,
    Version,
    VersionDownload,
    VersionTotal,
)
from registry.operations import index, search_document, summary
from registry.operations.count_logs import count_log
from registry.queries.search import search

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(120)]
CRATES = 60


@pytest.fixture
def today() -> date:
    return date(2026, 1, 31)


def test_loads_a_registry_that_the_product_could_have_made(
    today: date, settings: LazySettings, tmp_path: Path
) -> None:
    before = _indexes()
    counts = Registry(CRATES, 7, today=today).load()
    connection.check_constraints([table.name for table in TABLES])
    assert _indexes() == before

    assert Crate.objects.count() == CRATES
    assert counts["registry_version"] == Version.objects.count() == Provenance.objects.count()
    for crate in Crate.objects.all():
        kept = {name: getattr(crate, name) for name in _SUMMARY}
        summary.recompute(crate)
        assert kept == {name: getattr(crate, name) for name in _SUMMARY}
        assert Ownership.objects.filter(crate=crate).exists()

    _counts_are_exact(today)
    settings.CRATES_AT_ONCE, settings.INDEX_LINES_AT_ONCE = 7, 50
    assert index.rebuild() == CRATES
    assert list(index.differences()) == []
    _can_be_measured(tmp_path / "access.log.gz")
    found = search("many versions", page=1, per_page=5)
    assert found.exact
    assert found.exact.name == "many-versions"
    documents = list(SearchDocument.objects.order_by("pk").values())
    search_document.rebuild()
    assert list(SearchDocument.objects.order_by("pk").values()) == documents


def test_has_crates_with_very_many_of_a_thing(today: date) -> None:
    Registry(CRATES, 7, today=today).load()
    assert Crate.objects.get(name="many-versions").num_versions == 1000
    assert len(Version.objects.filter(crate__name="many-features").first().features) == 1500
    chain = CRATES // 4
    for place in range(1, chain):
        needs = Dependency.objects.filter(
            version__crate__name=f"chain-{place:03}", name=f"chain-{place - 1:03}"
        )
        assert needs.exists()


def test_is_the_same_for_the_same_seed() -> None:
    def lines(seed: int) -> list[str]:
        random = Random(seed)
        made = packages(20, random, Words(random), users=5, categories=9, days=2000)
        return [
            f"{package.name} {release.num} {release.checksum} {release.mind.line}"
            for package in made
            for release in package.releases
        ]

    first = lines(3)
    assert lines(3) == first
    assert lines(4) != first


def test_leaves_a_registry_alone(today: date) -> None:
    Crate.objects.create(name="mine", canonical_name="mine")
    with pytest.raises(ValueError, match="has crates already"):
        Registry(20, today=today).load()


_SUMMARY = (
    *("default_version", "max_version", "max_stable_version", "newest_version"),
    "num_versions",
)


def _counts_are_exact(today: date) -> None:
    total = DownloadTotals.objects.get()
    assert total.total == Crate.objects.aggregate(sum=Sum("downloads"))["sum"]
    assert total.total == VersionTotal.objects.aggregate(sum=Sum("downloads"))["sum"]
    recent = VersionDownload.objects.between(total.recent_since, today)
    assert VersionDownload.objects.exclude(pk__in=recent).count() == 0
    assert (
        Crate.objects.aggregate(sum=Sum("recent_downloads"))["sum"]
        == recent.aggregate(sum=Sum("downloads"))["sum"]
    )
    for topic in (Keyword, Category):
        wrong = topic.objects.annotate(found=Count("crates")).filter(~Q(found=F("crates_cnt")))
        assert list(wrong) == []


def _can_be_measured(log: Path) -> None:
    """What the benchmarks of the jobs and the search do, once and with little."""
    with connection.cursor() as cursor:
        cursor.execute(counting.VERSIONS)
        counting.write_log(log, cursor.fetchall(), 50)
    counted = count_log(partial(pieces_of, log))
    assert counted
    assert 0 < counted.downloads <= 50 * counting.DAYS
    assert (counted.dropped, counted.unreadable) == (0, 0)
    assert counting.unpack(log) > 0
    assert searching.percentile() > 0


def _indexes() -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')")
        else:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        return {name for (name,) in cursor.fetchall()}
