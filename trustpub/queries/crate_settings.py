"""What a crate's owners see of its trusted publishing, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken
from accounts.scopes import Scope
from registry.models import Crate, Provenance, PublishKind, VersionAction
from trustpub.models import OpeningRequest, Publisher, PublisherCrate, TrustRule
from trustpub.providers.workflow_file import WORKSPACE, trigger_of
from trustpub.queries.refusals import ShownRefusal, refusals_of

# As in the instructions on other pages.
REGISTRY_NAME = "waybill"
STALE_AFTER = timedelta(days=180)
UNFOLDED = 5
# How far back a publisher's last version is looked for.
LATEST_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class PublisherCard:
    """One publisher of the crate; `other_crates` counts those that share it."""

    grant_id: int
    publisher: Publisher
    added_at: datetime
    added_by: str
    other_crates: int
    workflow_file: str
    is_backed: bool = True
    is_served: bool = True
    needs_consent: bool = False
    begins_at: datetime | None = None
    name: str = ""
    note: str = ""
    ends_at: datetime | None = None
    has_ended: bool = False
    # The last version that came from its repository and workflow, and the run's page, or "".
    last_version: str = ""
    last_run: str = ""

    @property
    def works(self) -> bool:
        """Whether its jobs publish, now or from its first day on."""
        stands = self.is_backed and self.is_served and not self.has_ended
        held_back = self.needs_consent or not stands
        return self.publisher.is_enabled() and not held_back

    @property
    def is_unconstrained(self) -> bool:
        """Whether everybody who can push a branch can publish."""
        return self.publisher.open_to_branches

    @property
    def ignored_environment(self) -> str:
        """The one of the last job, where the publisher does not ask for any."""
        asks = self.publisher.asks_for_environment
        return "" if asks else str(self.publisher.seen.get("environment", ""))

    @property
    def saw_own_runner(self) -> bool:
        seen = self.publisher.seen.get("runner")
        hosted = self.publisher.provider.hosted_runner
        return bool(seen and hosted and seen != hosted and "runner" not in self.publisher.rules)

    @property
    def is_stale(self) -> bool:
        used = self.publisher.last_verified_at or self.added_at
        return self.publisher.is_enabled() and timezone.now() - used > STALE_AFTER

    @property
    def can_suspend(self) -> bool:
        return self.publisher.state == Publisher.State.ACTIVE

    @property
    def can_resume(self) -> bool:
        return self.publisher.is_suspended_by_owner


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """`leftover_tokens` are the owners' API tokens that reach this crate."""

    publishers: Sequence[PublisherCard]
    refusals: Sequence[ShownRefusal]
    leftover_tokens: Sequence[ApiToken]
    # The crate takes new versions from CI only, and no publisher works.
    nobody_can_publish: bool
    # Teams whose members may publish with tokens of theirs, which nobody here can list.
    teams: Sequence[str]
    # Who asks to let API tokens publish again, and waits for another owner; "" for nobody.
    opening_asked_by: str
    # How long it takes to let API tokens publish again.
    delay_hours: int

    @property
    def is_long(self) -> bool:
        """Whether the facts of each publisher are folded, so that the list can be overlooked."""
        return len(self.publishers) > UNFOLDED


def trust_settings(crate: Crate) -> TrustSettings:
    """Seven queries at most, however many publishers there are."""
    grants = list(_grants(crate))
    came = _last_published(crate) if grants else {}
    cards = [_card(crate, grant, came) for grant in grants]
    enabled = any(card.works for card in cards)
    teams = [] if crate.is_ci_only() else _teams(crate)
    return TrustSettings(
        publishers=cards,
        refusals=refusals_of(crate, grants),
        leftover_tokens=() if crate.is_ci_only() else _leftover_tokens(crate, teams),
        teams=teams,
        nobody_can_publish=crate.is_ci_only() and not enabled,
        opening_asked_by=_opening_asked_by(crate),
        delay_hours=int(settings.TRUSTPUB_ONLY_DELAY.total_seconds() // 3600),
    )


def workflow_file(rule: TrustRule, crate_name: str, *, is_shared: bool = False) -> str:
    """A ready CI file that publishes the crate through the rule, or all crates that share it.

    A tag that names a crate publishes that one alone.
    """
    names_crate = "{crate}" in str(rule.rules.get("tag_pattern") or "")
    return rule.provider.example_workflow(
        WORKSPACE if is_shared and not names_crate else crate_name,
        rule.fields,
        registry_url=settings.PUBLIC_URL,
        audience=settings.AUDIENCES[0],
        registry_name=REGISTRY_NAME,
        trigger=trigger_of(crate_name, rule.fields.get("refs"), rule.rules),
    )


def _grants(crate: Crate) -> QuerySet[PublisherCrate]:
    return (
        PublisherCrate.objects.with_standing()
        .filter(crate=crate)
        .select_related("publisher__issuer", "created_by")
        .annotate(crates=Count("publisher__grants"))
        .order_by("pk")
    )


def _last_published(crate: Crate) -> Mapping[tuple[str, str, str], tuple[str, str]]:
    """Version and run of the last publish by issuer, repository and workflow."""
    rows = Provenance.objects.filter(version__crate=crate, kind=PublishKind.TRUSTED)
    latest = rows.order_by("-version_id").values_list(
        "issuer_url", "repository_id", "workflow", "version__num", "links"
    )[:LATEST_VERSIONS]
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for issuer, repository, workflow, num, links in latest:
        told = (num, str(links.get("run") or ""))
        found.setdefault((issuer, repository, workflow), told)
        # Not every CI system's publishers name a file.
        found.setdefault((issuer, repository, ""), told)
    return found


def _card(
    crate: Crate,
    grant: PublisherCrate,
    came: Mapping[tuple[str, str, str], tuple[str, str]],
) -> PublisherCard:
    publisher = grant.publisher
    source = (publisher.issuer.url, publisher.repository_id, publisher.workflow)
    other_crates = getattr(grant, "crates", 1) - 1
    last_version, last_run = came.get(source, ("", ""))
    return PublisherCard(
        grant_id=grant.pk,
        publisher=grant.publisher,
        added_at=grant.created_at,
        added_by=grant.created_by.login if grant.created_by else "",
        other_crates=other_crates,
        workflow_file=workflow_file(grant.publisher, crate.name, is_shared=other_crates > 0),
        is_backed=bool(getattr(grant, "is_backed", True)),
        is_served=bool(getattr(grant, "is_served", True)),
        needs_consent=grant.needs_consent,
        begins_at=None if grant.has_begun() else grant.active_from,
        name=grant.name,
        note=grant.note,
        ends_at=grant.ends_at,
        has_ended=grant.has_ended(),
        last_version=last_version,
        last_run=last_run,
    )


def _opening_asked_by(crate: Crate) -> str:
    if not crate.is_ci_only():
        return ""
    asked = OpeningRequest.objects.filter(crate=crate).select_related("asked_by").first()
    return asked.asked_by.login if asked else ""


def _teams(crate: Crate) -> list[str]:
    owned = crate.ownerships.exclude(team=None).order_by("team__login")
    return list(owned.values_list("team__login", flat=True))


def _leftover_tokens(crate: Crate, teams: Sequence[str]) -> list[ApiToken]:
    """Those of its owners, and of a team's members those that published it."""
    published = VersionAction.objects.filter(
        action=VersionAction.Action.PUBLISH, version__crate=crate, api_token_id__isnull=False
    )
    known = Q(user__in=crate.ownerships.exclude(user=None).values("user"))
    if teams:
        known |= Q(pk__in=published.values("api_token_id"))
    tokens = ApiToken.objects.usable().filter(known).select_related("user")
    return [
        token
        for token in tokens.order_by("user__login", "pk")
        if token.allows(Scope.PUBLISH_UPDATE, crate.name)
    ]
