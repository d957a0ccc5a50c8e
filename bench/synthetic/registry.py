"""Rows of a synthetic registry, from its packages; loaded in bulk."""

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Max

from accounts.models import User
from bench.synthetic.bulk import Table, bulk_load
from bench.synthetic.packages import FIRST_DAY, Package, Release, moment, packages
from bench.synthetic.words import Words
from registry.formats.search_text import search_words
from registry.models import (
    Category,
    Crate,
    Dependency,
    DownloadTotals,
    Keyword,
    Ownership,
    Provenance,
    PublishKind,
    SearchDocument,
    Version,
    VersionAction,
    VersionDownload,
    VersionTotal,
)

# Versions of so many crates are put into the order of their publication, as they would have been
# inserted; more would need more memory.
BATCH = 2_000
CRATES_PER_USER = 5

USERS = Table(User, "id password login name created_at")
CRATES = Table(
    Crate,
    "id name canonical_name created_at updated_at description repository keywords categories "
    "default_version max_version max_stable_version newest_version num_versions downloads "
    "recent_downloads",
)
VERSIONS = Table(
    Version,
    "id crate num num_without_build created_at updated_at checksum size yanked "
    "index_line features license edition description repository keywords categories has_lib "
    "lib_name readme user_agent published_by",
)
DEPENDENCIES = Table(
    Dependency, "version name canonical_name requirement kind target default_features features"
)
PROVENANCE = Table(
    Provenance,
    "version kind provider issuer_url repository repository_id owner_id workflow sha ref event "
    "run_id run_attempt workload links",
)
ACTIONS = Table(VersionAction, "version user action at")
OWNERSHIPS = Table(Ownership, "crate user created_at")
DOCUMENTS = Table(SearchDocument, "crate name keywords description readme")
TOTALS = Table(VersionTotal, "version downloads")
DOWNLOADS = Table(VersionDownload, "version date downloads")
KEYWORDS = Table(Keyword, "id keyword created_at crates_cnt")
KEYWORD_CRATES = Table(Keyword.crates.through, "keyword crate")
CATEGORY_CRATES = Table(Category.crates.through, "category crate")
TABLES = (
    *(USERS, CRATES, VERSIONS, DEPENDENCIES, PROVENANCE, ACTIONS, OWNERSHIPS, DOCUMENTS),
    *(TOTALS, DOWNLOADS, KEYWORDS, KEYWORD_CRATES, CATEGORY_CRATES),
)
Rows = defaultdict[Table, list[tuple[Any, ...]]]


class Registry:
    """`crates` of them with ten times as many versions; into a migrated database without crates.

    Archives are not written, so pages that look into one find nothing; index files are, by
    `registry.operations.index.rebuild`.
    """

    def __init__(self, crates: int, seed: int = 1, *, today: date | None = None) -> None:
        self.crates = crates
        self.today = today or datetime.now(UTC).date()
        self.random = Random(seed)
        self.words = Words(self.random)
        self.days = [
            (FIRST_DAY + timedelta(day)).isoformat()
            for day in range((self.today - FIRST_DAY).days + 1)
        ]
        self.users = crates // CRATES_PER_USER + 3
        self.total = 0
        self.by_keyword: Counter[int] = Counter()
        self.by_category: Counter[int] = Counter()

    def load(self) -> dict[str, int]:
        """How many rows each table got."""
        if Crate.objects.exists():
            raise ValueError("the database has crates already: load into an empty one")
        self.categories = list(Category.objects.order_by("pk").values_list("pk", "slug"))
        self.first_user = (User.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
        loaded: Counter[str] = Counter()
        with _no_circles(), bulk_load(connection, TABLES) as add:
            for batch in self._batches():
                for table, rows in batch.items():
                    add(table, rows)
                    loaded[table.name] += len(rows)
            self._keep_totals()
        return dict(loaded)

    def _batches(self) -> Iterator[Rows]:
        yield self._people()
        found = packages(
            self.crates,
            self.random,
            self.words,
            users=self.users,
            categories=len(self.categories),
            days=len(self.days) - 1,
        )
        versions = count(1)
        while some := list(islice(found, BATCH)):
            yield self._rows(some, versions)
        topics: Rows = defaultdict(list)
        topics[KEYWORDS] = [
            (place + 1, self.words.keywords[place], f"{self.days[0]} 00:00:00", crates)
            for place, crates in sorted(self.by_keyword.items())
        ]
        yield topics

    def _people(self) -> Rows:
        rows: Rows = defaultdict(list)
        since = f"{self.days[0]} 00:00:00"
        rows[USERS] = [
            (self.first_user + n, "!", f"{self.words.coined[n % 9000]}-{n}", f"Person {n}", since)
            for n in range(self.users)
        ]
        return rows

    def _rows(self, some: list[Package], versions: "count[int]") -> Rows:
        rows: Rows = defaultdict(list)
        releases = [
            (release.at, package.place, place)
            for package in some
            for place, release in enumerate(package.releases)
        ]
        releases.sort()
        by_place = {package.place: package for package in some}
        texts = {package.place: _Texts(self, package) for package in some}
        pks: dict[tuple[int, int], int] = {}
        for _, crate, place in releases:
            pk = pks[crate, place] = next(versions)
            package = by_place[crate]
            self._add_version(rows, pk, package, package.releases[place], texts[crate])
        for package in some:
            self._add_crate(rows, package, texts[package.place])
            for place, ago, downloads in package.recent:
                day = self.days[-1 - ago]
                rows[DOWNLOADS].append((pks[package.place, place], day, downloads))
        return rows

    def _add_version(
        self, rows: Rows, pk: int, package: Package, release: Release, texts: "_Texts"
    ) -> None:
        at = moment(release.at, self.days)
        yanked = "true" if release.yanked else "false"
        written = f"{at[:10]}T{at[11:]}Z"
        person = None if package.is_trusted else texts.founder
        is_last = release is package.releases[-1]
        # Written out, since it is done two million times.
        rows[VERSIONS].append(
            (
                pk,
                package.place + 1,
                release.num,
                release.num,
                at,
                at,
                release.checksum,
                release.size,
                release.yanked,
                release.mind.line % (release.num, release.checksum, yanked, written),
                release.mind.features,
                package.license,
                "2021",
                package.description,
                texts.repository,
                texts.keywords,
                texts.categories,
                True,
                package.canonical,
                # Those of older versions would be most of the bytes, and nothing reads them.
                package.readme if is_last else "",
                "cargo 1.85.0",
                person,
            )
        )
        key = (pk,)
        rows[TOTALS].append((pk, release.downloads))
        rows[DEPENDENCIES] += [key + needed for needed in release.mind.dependencies]
        if package.is_trusted:
            rows[PROVENANCE].append(key + texts.trusted)
        else:
            rows[PROVENANCE].append(key + _TOKEN)
            rows[ACTIONS].append((pk, person, VersionAction.Action.PUBLISH.value, at))

    def _add_crate(self, rows: Rows, package: Package, texts: "_Texts") -> None:
        crate, releases = package.place + 1, package.releases
        usable = [release.num for release in releases if not release.yanked]
        stable = [release.num for release in releases if release.is_stable and not release.yanked]
        highest, highest_stable = (usable or [""])[-1], (stable or [""])[-1]
        downloads = sum(release.downloads for release in releases)
        self.total += downloads
        created = moment(releases[0].at, self.days)
        rows[CRATES].append(
            (
                *(crate, package.name, package.canonical, created),
                *(moment(releases[-1].at, self.days), package.description, texts.repository),
                *(texts.keywords, texts.categories),
                *(highest_stable or highest or releases[-1].num, highest, highest_stable),
                *(releases[-1].num, len(releases), downloads),
                sum(recent for _, _, recent in package.recent),
            )
        )
        rows[OWNERSHIPS] += [(crate, self.first_user + owner, created) for owner in package.owners]
        rows[KEYWORD_CRATES] += [(place + 1, crate) for place in package.keywords]
        rows[CATEGORY_CRATES] += [
            (self.categories[place][0], crate) for place in package.categories
        ]
        self.by_keyword.update(package.keywords)
        self.by_category.update(package.categories)
        words = search_words(
            name=package.name,
            keywords=texts.keyword_list,
            description=package.description,
            readme=package.readme,
        )
        rows[DOCUMENTS].append((crate, words.name, words.keywords, words.description, words.readme))

    def _keep_totals(self) -> None:
        """What the product repeats of all rows together."""
        for place, crates in self.by_category.items():
            Category.objects.filter(pk=self.categories[place][0]).update(crates_cnt=crates)
        DownloadTotals.objects.update_or_create(
            pk=DownloadTotals.ONLY,
            defaults={"total": self.total, "recent_since": self.today - timedelta(89)},
        )


@contextmanager
def _no_circles() -> Iterator[None]:
    """While rows are made, which are many, and never part of a circle: nothing looks for one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_TOKEN = (PublishKind.TOKEN.value, *([""] * 11), "{}", "{}")


class _Texts:
    """What is the same in all versions of a package, as the database takes it."""

    def __init__(self, registry: Registry, package: Package) -> None:
        self.keyword_list = [registry.words.keywords[place] for place in package.keywords]
        self.keywords = json.dumps(self.keyword_list)
        self.categories = json.dumps(
            [registry.categories[place][1] for place in package.categories]
        )
        self.founder = registry.first_user + package.owners[0]
        source = f"owner-{package.owners[0]}/{package.name}"
        self.repository = f"https://github.com/{source}"
        self.trusted = (
            *(PublishKind.TRUSTED.value, "github", "https://token.actions.githubusercontent.com"),
            *(source, str(package.place + 1), str(package.owners[0] + 1), "release.yml"),
            *(f"{package.place:040x}", "refs/heads/main", "push", str(package.place), "1"),
            *("{}", json.dumps({"repository": self.repository})),
        )
