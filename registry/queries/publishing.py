"""What a publish asks of a crate: once before the upload is read, and again under the lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from adapters.compiled import CompiledQuery
from registry.formats.names import canonical
from registry.models import (
    Crate,
    CrateLimits,
    DeletedVersion,
    Ownership,
    Provenance,
    PublishKind,
    ReservedName,
    SearchDocument,
    Version,
)
from registry.queries.ci_only import strict_teams

# No account has this key.
NOBODY = 0
# Of a crate before the upload is read.
_ASKED = ("name", "canonical_name", "hidden_at", "trustpub_only", "trustpub_only_ends_at")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one name, where they differ from the installation's."""

    max_upload_bytes: int | None = None
    max_features: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A crate as it is, of which only what is asked for here is loaded.

    `strict_team` is the login of one that takes versions from CI alone.
    """

    crate: Crate
    strict_team: str | None
    is_of_teams: bool
    limits: Limits


@dataclass(frozen=True, slots=True)
class Held:
    """A crate under lock, and what else decides about one more version of it."""

    crate: Crate
    strict_team: str | None
    is_owned: bool
    number_is_taken: bool
    number_is_deleted: bool
    # Only the patterns themselves tell whether one of them fits.
    name_may_be_reserved: bool
    was_trusted: bool
    found_by: SearchDocument | None


def known(name: str) -> Known | None:
    """The crate of that name in any spelling, hidden ones included."""
    found: Any = _KNOWN.first(name=canonical(name), now=timezone.now())
    if found is None:
        return None
    return Known(
        crate=found,
        strict_team=found.strict_team,
        is_of_teams=found.is_of_teams,
        limits=Limits(found.own_upload_bytes, found.own_features),
    )


def limits_of(name: str) -> Limits:
    """Those of a name that is no crate yet."""
    own = CrateLimits.objects.filter(canonical_name=canonical(name)).first()
    return Limits(own.max_upload_bytes, own.max_features) if own else Limits()


def held(name: str, number: str, owner: int | None) -> Held | None:
    """The same crate under lock until the transaction ends; `number` is without build metadata.

    It `is_owned` if it is by the account of that key.

    What is asked beside the lock is asked after it: a question that had to wait would be answered
    with what was true before.
    """
    if not (locked := _LOCK.tuples(name=canonical(name))):
        return None
    found: Any = _HELD.first(
        crate=locked[0][0], number=number, owner=owner or NOBODY, now=timezone.now()
    )
    return Held(
        crate=cast(Crate, found),
        strict_team=found.strict_team,
        is_owned=found.is_owned,
        number_is_taken=found.number_is_taken,
        number_is_deleted=found.number_is_deleted,
        name_may_be_reserved=found.name_may_be_reserved,
        was_trusted=found.was_trusted,
        found_by=getattr(found, "search_document", None),
    )


def _known(name: str, now: datetime) -> QuerySet[Crate]:
    limits = CrateLimits.objects.filter(canonical_name=OuterRef("canonical_name"))
    rows = Crate.everything.filter(canonical_name=name).only(*_ASKED)
    return rows.annotate(
        strict_team=_strict_team(now),
        is_of_teams=Exists(Ownership.objects.filter(crate=OuterRef("pk"), team__isnull=False)),
        own_upload_bytes=Subquery(limits.values("max_upload_bytes")),
        own_features=Subquery(limits.values("max_features")),
    )


def _held(crate: int, number: str, owner: int, now: datetime) -> QuerySet[Crate]:
    same_number = Version.everything.filter(crate=OuterRef("pk"), num_without_build=number)
    deleted = DeletedVersion.objects.held(now).filter(
        canonical_name=OuterRef("canonical_name"), num_without_build=number
    )
    trusted = Provenance.objects.filter(
        version__crate=OuterRef("pk"), version__hidden_at=None, kind=PublishKind.TRUSTED
    )
    rows = Crate.everything.filter(pk=crate).select_related("search_document")
    return rows.annotate(
        strict_team=_strict_team(now),
        is_owned=Exists(Ownership.objects.filter(crate=OuterRef("pk"), user=owner)),
        number_is_taken=Exists(same_number),
        number_is_deleted=Exists(deleted),
        name_may_be_reserved=Exists(
            ReservedName.objects.that_may_reserve(OuterRef("canonical_name"))
        ),
        was_trusted=Exists(trusted),
    )


def _strict_team(now: datetime) -> Subquery:
    teams = strict_teams(now).filter(ownerships__crate=OuterRef("pk"))
    return Subquery(teams.order_by("pk").values("login")[:1])


_KNOWN = CompiledQuery(_known, name=str, now=datetime)
_LOCK = CompiledQuery(
    lambda name: Crate.everything.locked().filter(canonical_name=name).values_list("pk"), name=str
)
_HELD = CompiledQuery(_held, crate=int, number=str, owner=int, now=datetime)
