"""What a version needs, what that needs, and so on, as far as this registry knows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from registry.formats.errors import FormatError
from registry.formats.semver import Requirement
from registry.formats.semver import Version as Semver
from registry.models import Dependency, PublishKind, Version
from registry.pictures.graph import Graph, Node, graph

DEEPEST = 3
MOST_NODES = 120


class Gap(StrEnum):
    """Why the tree does not go on at a dependency."""

    ELSEWHERE = "in another registry"
    UNKNOWN = "no version here fits"
    ABOVE = "shown above"


@dataclass(slots=True)
class Needed:
    """A dependency and the version that cargo would choose today; `gap` if there is none."""

    dependency: Dependency
    number: str = ""
    version_id: int | None = None
    kind: str = ""
    gap: Gap | None = None
    needs: list["Needed"] = field(default_factory=list)

    @property
    def is_trusted(self) -> bool:
        return self.kind == PublishKind.TRUSTED


@dataclass(frozen=True, slots=True)
class DependencyTree:
    """`normal` and `build` go on below each dependency, `dev` does not.

    `distinct` counts the crates, `trusted` those of them that came from CI. `is_cut` where the
    tree would have been deeper or larger.
    """

    normal: list[Needed]
    build: list[Needed]
    dev: list[Needed]
    distinct: int
    trusted: int
    is_cut: bool
    picture: Graph | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    pk: int
    number: Semver
    kind: str


def dependency_tree(version: Version) -> DependencyTree:
    """Six queries at most, however large it is."""
    direct = _dependencies([version.pk])[version.pk]
    groups: dict[str, list[Needed]] = defaultdict(list)
    for dependency in direct:
        groups[dependency.kind].append(Needed(dependency))
    level = [needed for group in groups.values() for needed in group]
    seen: set[int] = {version.pk}
    count, is_cut = len(level), False
    for depth in range(1, DEEPEST + 1):
        _choose(level, seen)
        grown = [one for one in level if one.version_id and not one.gap and _goes_on(one, depth)]
        if not grown:
            break
        if depth == DEEPEST or count >= MOST_NODES:
            is_cut = True
            break
        level = _grow(grown)
        count += len(level)
    normal, build, dev = (groups[kind] for kind in ("normal", "build", "dev"))
    found = {one.version_id: one for one in _walk([*normal, *build]) if one.version_id}
    return DependencyTree(
        normal=normal,
        build=build,
        dev=dev,
        distinct=len({one.dependency.canonical_name for one in _walk([*normal, *build])}),
        trusted=len({pk for pk, one in found.items() if one.is_trusted}),
        is_cut=is_cut,
        picture=_picture(version, [*normal, *build]),
    )


def _goes_on(needed: Needed, depth: int) -> bool:
    # Cargo builds what only tests need for the crate itself alone.
    return not (depth == 1 and needed.dependency.kind == Dependency.Kind.DEV)


def _grow(grown: Sequence[Needed]) -> list[Needed]:
    """The next level: two kinds of what these need."""
    found = _dependencies([one.version_id for one in grown if one.version_id])
    level = []
    for one in grown:
        rows = found[one.version_id or 0]
        one.needs = [Needed(row) for row in rows if row.kind != Dependency.Kind.DEV]
        level += one.needs
    return level


def _dependencies(versions: Iterable[int]) -> dict[int, list[Dependency]]:
    found: dict[int, list[Dependency]] = defaultdict(list)
    rows = Dependency.objects.filter(version__in=versions)
    for row in rows.order_by("name", "alias", "target", "pk")[: MOST_NODES * 4]:
        found[row.version_id].append(row)
    return found


def _choose(level: Sequence[Needed], seen: set[int]) -> None:
    """The highest version that fits, as cargo does without a lock file; one query."""
    names = {one.dependency.canonical_name for one in level if not one.dependency.registry_index}
    candidates: dict[str, list[_Candidate]] = defaultdict(list)
    rows = Version.objects.filter(crate__canonical_name__in=names, yanked=False)
    for name, pk, num, kind in rows.values_list(
        "crate__canonical_name", "pk", "num", "provenance__kind"
    ):
        candidates[name].append(_Candidate(pk, Semver.parse(num), kind or ""))
    for one in level:
        if one.dependency.registry_index:
            one.gap = Gap.ELSEWHERE
            continue
        best = _best(one.dependency.requirement, candidates[one.dependency.canonical_name])
        if best is None:
            one.gap = Gap.UNKNOWN
            continue
        one.number, one.version_id, one.kind = best.number.text, best.pk, best.kind
        if best.pk in seen:
            one.gap = Gap.ABOVE
        seen.add(best.pk)


def _best(requirement: str, candidates: Sequence[_Candidate]) -> _Candidate | None:
    try:
        wanted = Requirement.parse(requirement)
    except FormatError:
        return None
    fitting = [one for one in candidates if wanted.matches(one.number)]
    return max(fitting, key=lambda one: (one.number, one.pk), default=None)


def _walk(level: Iterable[Needed]) -> Iterable[Needed]:
    for one in level:
        yield one
        yield from _walk(one.needs)


def _picture(version: Version, direct: Sequence[Needed]) -> Graph | None:
    if not direct:
        return None
    root = version.crate.name
    nodes = {root: Node(root, version.num, 0, "graph__node--root")}
    edges: dict[str, list[str]] = defaultdict(list)
    level = [(root, one) for one in direct]
    distance = 1
    while level:
        below = []
        for parent, one in level:
            name = one.dependency.name
            style = "graph__node--trusted" if one.is_trusted else ""
            nodes.setdefault(name, Node(name, one.number or str(one.gap), distance, style))
            if name not in edges[parent]:
                edges[parent].append(name)
            below += [(name, deeper) for deeper in one.needs]
        level, distance = below, distance + 1
    return graph(list(nodes.values()), edges)
