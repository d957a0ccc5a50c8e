"""What each crate of a synthetic registry is: its releases, what they need, who uses them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import exp
from random import Random

from bench.synthetic.words import Words
from registry.formats.dependencies import Dependency, DependencyKind
from registry.formats.index_entry import IndexEntry, index_line
from registry.formats.names import RESERVED_NAMES, canonical

FIRST_DAY = date(2014, 11, 20)
DAY = 86_400
MOST_VERSIONS = 1_000
MOST_FEATURES = 1_500
LONGEST_CHAIN = 300
# Median 4 and mean 10 versions, as public registries have.
VERSIONS_MU, VERSIONS_SIGMA, USUAL_MOST = 1.386, 1.35, 400
NO_DEPENDENCIES = 0.25
# How often a crate's needs change.
RELEASES_OF_ONE_MIND = 6
LICENSES = ("MIT OR Apache-2.0", "MIT", "Apache-2.0", "GPL-3.0-or-later", "BSD-3-Clause", "MPL-2.0")
REQUIREMENTS = ("^1.0", "^0.1", "^0.2.3", "^1", "^2.0", "^0.8", ">=0.3, <0.5", "=0.1.0", "~1.4")
FEATURES = ("default", "std", "serde", "full", "derive", "async", "tls", "cli", "unstable", "alloc")
KINDS = (DependencyKind.NORMAL,) * 6 + (DependencyKind.DEV,) * 3 + (DependencyKind.BUILD,)


@dataclass(slots=True)
class Mind:
    """What the releases of some time have in common; `line` is their line of the index with
    holes for number, checksum, `yanked` and time."""

    dependencies: list[tuple[object, ...]]
    features: str
    line: str


@dataclass(slots=True)
class Release:
    num: str
    at: int  # seconds since FIRST_DAY
    checksum: str
    size: int
    downloads: int
    yanked: bool
    is_stable: bool
    mind: Mind


@dataclass(slots=True)
class Package:
    """`place` counts from 0; who comes early is old, popular, and needed by many."""

    place: int
    name: str
    canonical: str
    description: str
    readme: str
    license: str
    keywords: list[int]
    categories: list[int]
    owners: list[int]
    is_trusted: bool
    releases: list[Release]
    # (place of the release, days ago, downloads)
    recent: list[tuple[int, int, int]]


def packages(
    crates: int, random: Random, words: Words, *, users: int, categories: int, days: int
) -> Iterator[Package]:
    """One after the other; `days` lie between FIRST_DAY and today."""
    names = _names(crates, random, words)
    chain = min(LONGEST_CHAIN, crates // 4)
    for place, name in enumerate(names):
        # Old crates first; the last is of yesterday.
        created = int(days * DAY * (place + 1) / (crates + 1) * (0.6 + 0.4 * random.random()))
        releases = _releases(place, name, names, chain, created, days * DAY, random)
        package = Package(
            place=place,
            name=name,
            canonical=canonical(name),
            description=words.text(random, random.randint(5, 18)).capitalize(),
            readme=f"# {name}\n\n{words.text(random, random.randint(20, 120))}\n",
            license=LICENSES[int(random.random() ** 3 * len(LICENSES))],
            keywords=words.some_keywords(random, random.randint(0, 5)),
            categories=list({int(random.random() ** 2 * categories) for _ in range(place % 3)}),
            owners=list(
                {int(random.random() ** 2 * users) for _ in range(random.choice((1, 1, 3)))}
            ),
            is_trusted=random.random() < 0.15,
            releases=releases,
            recent=_recent(place, crates, len(releases), random),
        )
        _count_downloads(package, random)
        yield package


def moment(seconds: int, days: list[str]) -> str:
    """As both databases read a time in UTC; `days` are the dates from FIRST_DAY on."""
    day, rest = divmod(seconds, DAY)
    return f"{days[day]} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _names(crates: int, random: Random, words: Words) -> list[str]:
    """A chain of crates that each need the one before, and the crates with very many of a thing."""
    chain = min(LONGEST_CHAIN, crates // 4)
    names = {canonical(name): name for name in (f"chain-{n:03}" for n in range(chain))}
    names |= {"many_versions": "many-versions", "many_features": "many-features"}
    while len(names) < crates:
        name = words.name(random)
        key = canonical(name)
        if key in names:
            name, key = f"{name}{len(names) % 1000}", f"{key}{len(names) % 1000}"
        if key not in RESERVED_NAMES and "__" not in key:
            names.setdefault(key, name)
    return list(names.values())


def _releases(
    place: int, name: str, names: list[str], chain: int, created: int, end: int, random: Random
) -> list[Release]:
    count = min(USUAL_MOST, max(1, round(exp(random.gauss(VERSIONS_MU, VERSIONS_SIGMA)))))
    if name == "many-versions":
        count = MOST_VERSIONS
    needed = [names[place - 1]] if 0 < place < chain else _needed(place, names, random)
    features = MOST_FEATURES if name == "many-features" else random.randint(0, 9)
    size = int(exp(random.gauss(9.8, 1.2))) + 600
    major, minor, patch = (0, 1, 0)
    step = max(1, (end - created) // (count + 1))
    found: list[Release] = []
    for number in range(count):
        if number % RELEASES_OF_ONE_MIND == 0:
            mind = _mind(name, needed, features, random)
        kind = random.random()
        is_stable = kind > 0.04
        num = f"{major}.{minor}.{patch}" + ("" if is_stable else f"-rc.{number}")
        at = created + number * step + int(random.random() * step)
        digits = f"{random.getrandbits(256):064x}"
        found.append(Release(num, at, digits, size, 0, kind > 0.97, is_stable, mind))
        size += random.randint(-20, 200)
        if not is_stable:
            continue
        if kind < 0.75:
            patch += 1
        elif kind < 0.95:
            minor, patch = minor + 1, 0
        else:
            major, minor, patch = major + 1, 0, 0
    return found


def _needed(place: int, names: list[str], random: Random) -> list[str]:
    """Only older crates, so that there are no circles; the oldest most of all."""
    if random.random() < NO_DEPENDENCIES:
        return []
    count = min(60, 1 + int(exp(random.gauss(1.2, 0.8))))
    return list(dict.fromkeys(names[int(place * random.random() ** 5)] for _ in range(count)))


def _mind(name: str, needed: list[str], features: int, random: Random) -> Mind:
    dependencies = [
        Dependency(
            name=other,
            alias=None,
            requirement=random.choice(REQUIREMENTS),
            kind=KINDS[int(random.random() * len(KINDS))],
            target="cfg(unix)" if random.random() < 0.05 else None,
            optional=False,
            default_features=random.random() < 0.9,
            features=("derive",) if random.random() < 0.15 else (),
            registry_index=None,
        )
        for other in needed
        if other != name
    ]
    named = {
        FEATURES[n] if n < len(FEATURES) else f"feature-{n:04}": ([FEATURES[1]] if n == 0 else [])
        for n in range(features)
    }
    if features == 1:
        named = {"std": []}
    line = index_line(
        IndexEntry(
            name=name,
            vers="@num@",
            deps=dependencies,
            cksum="@checksum@",
            features=named,
            yanked=False,
            links=None,
            rust_version=None,
            pubtime=datetime(2000, 1, 1, tzinfo=UTC),
        )
    )
    line = line.replace("%", "%%").replace("@num@", "%s").replace("@checksum@", "%s")
    line = line.replace('"yanked":false', '"yanked":%s').replace("2000-01-01T00:00:00Z", "%s")
    rows: list[tuple[object, ...]] = [
        (
            dependency.name,
            canonical(dependency.name),
            dependency.requirement,
            str(dependency.kind),
            dependency.target or "",
            dependency.default_features,
            '["derive"]' if dependency.features else "[]",
        )
        for dependency in dependencies
    ]
    return Mind(rows, json.dumps(named), line)


def _recent(place: int, crates: int, count: int, random: Random) -> list[tuple[int, int, int]]:
    """One in a hundred is fetched every day, in its newest versions; most, now and then."""
    if place * 100 < crates:
        newest = range(max(0, count - 3), count)
        return [(n, ago, random.randint(10, 5000)) for n in newest for ago in range(90)]
    some = random.sample(range(90), random.randint(0, 5))
    return [(count - 1, ago, random.randint(1, 40)) for ago in some]


def _count_downloads(package: Package, random: Random) -> None:
    """Zipf's law over crates, spread unevenly over versions; recent ones are part of all."""
    total = 3e9 / (package.place + 3) ** 1.1 * exp(random.gauss(0, 1.2))
    shares = [random.random() ** 3 for _ in package.releases]
    scale = total / sum(shares)
    for release, share in zip(package.releases, shares, strict=True):
        release.downloads = int(share * scale)
    for place, _, downloads in package.recent:
        package.releases[place].downloads += downloads
