"""The versions of a crate in the orders that clients ask for, and its release tracks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.formats.semver import Version as Semver
from registry.models import Crate, Version


@dataclass(frozen=True, slots=True)
class Place:
    """As little of a version as its place in an order takes."""

    pk: int
    number: Semver
    created_at: datetime
    yanked: bool


def places_of(crate: Crate, nums: Sequence[str] | None = None) -> list[Place]:
    """Highest number first; of these numbers alone if there are any. One query."""
    rows = crate.versions.values_list("pk", "num", "created_at", "yanked")
    if nums is not None:
        rows = rows.filter(num__in=set(nums))
    places = [Place(pk, Semver.parse(num), at, yanked) for pk, num, at, yanked in rows]
    return sorted(places, key=lambda place: (place.number, place.pk), reverse=True)


def latest_first(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (place.created_at, place.pk), reverse=True)


def versions_at(places: Sequence[Place]) -> list[Version]:
    """In the same order, with all that JSON shows of them; two queries."""
    pks = [place.pk for place in places]
    found = {version.pk: version for version in Version.objects.for_rendering().filter(pk__in=pks)}
    return [found[pk] for pk in pks if pk in found]


def release_tracks(places: Iterable[Place]) -> dict[str, dict[str, str]]:
    """The highest release of each line of compatible versions: `1`, `0.3`.

    `places` must have the highest number first; what is yanked or a prerelease does not count.
    """
    tracks: dict[str, dict[str, str]] = {}
    for place in places:
        number = place.number
        if not place.yanked and not number.is_prerelease:
            tracks.setdefault(number.track, {"highest": number.text})
    return tracks
