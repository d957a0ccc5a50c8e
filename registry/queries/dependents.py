"""Which crates need a crate, by what their default versions say."""

from dataclasses import dataclass

from django.db.models import F, Min

from registry.models import Crate, Dependency, Version


@dataclass(frozen=True, slots=True)
class Dependents:
    """One page: a row for each dependent crate, and the version that each comes from."""

    dependencies: list[Dependency]
    versions: list[Version]
    total: int


def dependents_of(crate: Crate, *, start: int, stop: int) -> Dependents:
    """The most downloaded first; four queries. A dependency's `version` is one of `versions`."""
    rows = Dependency.objects.filter(
        canonical_name=crate.canonical_name,
        registry_index="",
        version__num=F("version__crate__default_version"),
        version__yanked=False,
        version__hidden_at=None,
    )
    # Somebody may need it twice: to build and to run, or on two platforms.
    chosen = rows.values("version_id").annotate(first=Min("pk")).values("first")
    total = rows.values("version_id").distinct().count()
    if start >= total:
        return Dependents([], [], total)
    found = Dependency.objects.filter(pk__in=chosen).order_by("-version__crate__downloads", "pk")
    shown = list(found[start:stop])
    pks = [dependency.version_id for dependency in shown]
    versions = {row.pk: row for row in Version.objects.for_rendering().filter(pk__in=pks)}
    for dependency in shown:
        dependency.version = versions[dependency.version_id]
    return Dependents(shown, [versions[pk] for pk in pks], total)
