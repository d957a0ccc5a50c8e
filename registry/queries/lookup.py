"""Finds a crate or a version by the text in an address."""

from adapters.compiled import CompiledQuery
from registry.errors import InQuarantine, crate_not_found, version_not_found
from registry.formats.errors import FormatError
from registry.formats.names import InvalidCrateName, canonical, check_crate_name
from registry.formats.semver import Requirement
from registry.formats.semver import Version as Semver
from registry.models import Crate, Version

_NAMED = CompiledQuery(lambda name: Crate.objects.filter(canonical_name=name), name=str)


def crate_named(name: str) -> Crate:
    """The crate in any spelling; raises NotFound."""
    try:
        check_crate_name(name)
    except InvalidCrateName:
        raise crate_not_found(name) from None
    crate = _NAMED.first(name=canonical(name))
    if crate is None:
        raise crate_not_found(name)
    return crate


def version_not_hidden(name: str, num: str) -> Version:
    """With its crate and provenance; raises NotFound, and InQuarantine where others say NotFound.

    For what consumers rely on: that something is held back is no absence (trusted-publishing f.4).
    """
    try:
        check_crate_name(name)
        Semver.parse(num)
    except FormatError:
        raise version_not_found(name[:100], num) from None
    rows = Version.everything.select_related("crate", "provenance")
    version = rows.filter(crate__canonical_name=canonical(name), num=num).first()
    if version is None:
        raise version_not_found(name, num)
    if version.hidden_at or version.crate.hidden_at:
        raise InQuarantine(str(version))
    return version


def held(crate_id: int, *, even_hidden: bool = False) -> Crate:
    """The crate under lock until the transaction ends.

    Raises NotFound if it is gone meanwhile, and InQuarantine for one that is hidden.
    """
    crate = Crate.everything.locked().filter(pk=crate_id).first()
    if crate is None:
        raise crate_not_found("")
    if crate.hidden_at and not even_hidden:
        raise InQuarantine(crate.name)
    return crate


def version_in_range(crate: Crate, requirement: str) -> Version:
    """The highest that fits and is not yanked, as cargo would choose; raises NotFound."""
    try:
        wanted = Requirement.parse(requirement)
    except FormatError:
        raise version_not_found(crate.name, requirement) from None
    numbers = crate.versions.filter(yanked=False).values_list("num", flat=True)
    fitting = [number for number in map(Semver.parse, numbers) if wanted.matches(number)]
    if not fitting:
        raise version_not_found(crate.name, requirement)
    return version_numbered(crate, max(fitting).text)


def version_numbered(crate: Crate, num: str) -> Version:
    """With all that JSON and pages show of it; raises NotFound."""
    # PostgreSQL refuses NUL in any parameter; no version number has one.
    rows = crate.versions.for_rendering()
    version = None if "\0" in num else rows.filter(num=num).first()
    if version is None:
        raise version_not_found(crate.name, num)
    return version
