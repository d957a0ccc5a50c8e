"""Keeps what a crate's row repeats about its versions (crates-io-api reference, 7.7)."""

from registry.formats.semver import Version as Semver
from registry.models import Crate, Version

# Of the crate's row, what a new version changes.
PUBLISHED = (
    *("description", "homepage", "documentation", "repository", "keywords", "categories"),
    *("max_version", "max_stable_version", "default_version", "newest_version"),
    *("num_versions", "updated_at"),
)


def note_published(crate: Crate, version: Version) -> None:
    """Takes the new version into the summary without looking at the others; saves nothing."""
    number = Semver.parse(version.num)
    if not crate.max_version or number > Semver.parse(crate.max_version):
        crate.max_version = version.num
    stable = crate.max_stable_version
    if not number.is_prerelease and (not stable or number > Semver.parse(stable)):
        crate.max_stable_version = version.num
    crate.default_version = crate.max_stable_version or crate.max_version
    crate.newest_version = version.num
    crate.num_versions += 1
    crate.updated_at = version.created_at


def recompute(crate: Crate) -> None:
    """From all versions, after one was yanked or came back; saves the crate."""
    rows = list(crate.versions.order_by("pk").values_list("num", "yanked"))
    ranked = sorted((Semver.parse(num), num, yanked) for num, yanked in rows)
    usable = [(number, num) for number, num, yanked in ranked if not yanked]
    stable = [num for number, num in usable if not number.is_prerelease]
    crate.max_version = usable[-1][1] if usable else ""
    crate.max_stable_version = stable[-1] if stable else ""
    highest = ranked[-1][1] if ranked else ""
    crate.default_version = crate.max_stable_version or crate.max_version or highest
    crate.newest_version = rows[-1][0] if rows else ""
    crate.num_versions = len(rows)
    crate.save()
