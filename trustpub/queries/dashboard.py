"""What a person's dashboard shows, in a fixed number of queries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import F

from accounts.models import ApiToken, User
from accounts.scopes import Scope
from registry.models import Crate, PublishKind, Version
from trustpub.models import PublisherCrate

SHOWN_TOKENS = 3


class Remedy(StrEnum):
    """The page on which somebody does something about it."""

    SETTINGS = "settings"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Attention:
    """Something to look at; more weight comes first."""

    weight: int
    text: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class DashboardCrate:
    """One of the person's crates; `newest` is None until a version is published."""

    crate: Crate
    newest: Version | None
    publishers: int
    # Whether one of them asks for no environment.
    open_to_branches: bool
    attention: Sequence[Attention] = field(default_factory=tuple)

    @property
    def weight(self) -> int:
        return max((found.weight for found in self.attention), default=0)


def dashboard_crates(user: User) -> list[DashboardCrate]:
    """What needs attention first, then what changed last; four queries."""
    crates = list(Crate.objects.owned_by(user).order_by("-updated_at", "pk"))
    newest, grants = _newest_versions(crates), _grants(crates)
    tokens = list(user.api_tokens.usable().order_by("pk")) if crates else []
    rows = [_row(crate, newest.get(crate.pk), grants.get(crate.pk, []), tokens) for crate in crates]
    return sorted(rows, key=lambda row: -row.weight)


def _row(
    crate: Crate,
    newest: Version | None,
    grants: Sequence[PublisherCrate],
    tokens: Sequence[ApiToken],
) -> DashboardCrate:
    found = _attention(crate, newest, grants, tokens)
    return DashboardCrate(
        crate=crate,
        newest=newest,
        publishers=len(grants),
        open_to_branches=any(grant.publisher.open_to_branches for grant in grants),
        attention=sorted(found, key=lambda attention: -attention.weight),
    )


def _attention(
    crate: Crate,
    newest: Version | None,
    grants: Sequence[PublisherCrate],
    tokens: Sequence[ApiToken],
) -> Iterator[Attention]:
    working = [grant for grant in grants if grant.publisher.is_enabled()]
    for grant in grants:
        if grant not in working:
            yield Attention(4, f"{grant.publisher} cannot publish any more.", Remedy.SETTINGS)
    if newest and _came_by_token(newest, working):
        text = f"Version {newest.num} came by an API token although a workflow is trusted."
        yield Attention(3, text, Remedy.SETTINGS)
    if working and not crate.trustpub_only and (left := _able(tokens, crate)):
        yield Attention(2, f"Can be published with your {_named(left)}.", Remedy.TOKENS)
    if any(grant.publisher.open_to_branches for grant in working):
        text = "Every branch of the trusted repository can publish: no environment is asked for."
        yield Attention(1, text, Remedy.SETTINGS)


def _came_by_token(newest: Version, working: Sequence[PublisherCrate]) -> bool:
    provenance = getattr(newest, "provenance", None)
    if provenance is None or provenance.kind != PublishKind.TOKEN:
        return False
    return any(grant.created_at <= newest.created_at for grant in working)


def _able(tokens: Sequence[ApiToken], crate: Crate) -> list[ApiToken]:
    return [token for token in tokens if token.allows(Scope.PUBLISH_UPDATE, crate.name)]


def _named(tokens: Sequence[ApiToken]) -> str:
    names = [f"“{token.name}”" for token in tokens[:SHOWN_TOKENS]]
    more = len(tokens) - len(names)
    noun = "token" if len(tokens) == 1 else "tokens"
    return f"{noun} {', '.join(names)}" + (f" and {more} more" if more else "")


def _newest_versions(crates: Sequence[Crate]) -> Mapping[int, Version]:
    versions = Version.objects.filter(crate__in=crates, num=F("crate__newest_version"))
    rows = versions.select_related("provenance").defer("readme", "index_line", "features")
    return {version.crate_id: version for version in rows}


def _grants(crates: Sequence[Crate]) -> Mapping[int, list[PublisherCrate]]:
    found: dict[int, list[PublisherCrate]] = {}
    grants = PublisherCrate.objects.filter(crate__in=crates).order_by("pk")
    for grant in grants.select_related("publisher__issuer"):
        found.setdefault(grant.crate_id, []).append(grant)
    return found
