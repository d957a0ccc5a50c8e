"""What a crate's owners see of its trusted publishing, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, QuerySet

from accounts.models import ApiToken
from accounts.scopes import Scope
from registry.models import Crate
from trustpub.models import Publisher, PublisherCrate, TrustRule
from trustpub.queries.refusals import ShownRefusal, refusals_of

# As in the instructions on other pages.
REGISTRY_NAME = "waybill"


@dataclass(frozen=True, slots=True)
class PublisherCard:
    """One publisher of the crate; `other_crates` counts those that share it."""

    grant_id: int
    publisher: Publisher
    added_at: datetime
    added_by: str
    other_crates: int
    workflow_file: str

    @property
    def has_no_environment(self) -> bool:
        return self.publisher.open_to_branches


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """`tokens_that_publish` counts the owners' API tokens that reach this crate."""

    publishers: Sequence[PublisherCard]
    refusals: Sequence[ShownRefusal]
    tokens_that_publish: int
    # The crate takes new versions from CI only, and no publisher works.
    nobody_can_publish: bool


def trust_settings(crate: Crate) -> TrustSettings:
    """Four queries, however many publishers there are."""
    grants = list(_grants(crate))
    cards = [_card(crate, grant) for grant in grants]
    publishers = [grant.publisher for grant in grants]
    enabled = any(publisher.is_enabled() for publisher in publishers)
    return TrustSettings(
        publishers=cards,
        refusals=refusals_of(publishers),
        tokens_that_publish=0 if crate.trustpub_only else _tokens_that_publish(crate),
        nobody_can_publish=crate.trustpub_only and not enabled,
    )


def workflow_file(rule: TrustRule, crate_name: str) -> str:
    """A ready CI file that publishes the crate through the rule."""
    return rule.provider.example_workflow(
        crate_name,
        rule.fields,
        registry_url=settings.PUBLIC_URL,
        audience=settings.AUDIENCES[0],
        registry_name=REGISTRY_NAME,
    )


def _grants(crate: Crate) -> QuerySet[PublisherCrate]:
    return (
        PublisherCrate.objects.filter(crate=crate)
        .select_related("publisher__issuer", "created_by")
        .annotate(crates=Count("publisher__grants"))
        .order_by("pk")
    )


def _card(crate: Crate, grant: PublisherCrate) -> PublisherCard:
    return PublisherCard(
        grant_id=grant.pk,
        publisher=grant.publisher,
        added_at=grant.created_at,
        added_by=grant.created_by.login if grant.created_by else "",
        other_crates=getattr(grant, "crates", 1) - 1,
        workflow_file=workflow_file(grant.publisher, crate.name),
    )


def _tokens_that_publish(crate: Crate) -> int:
    tokens = ApiToken.objects.usable().filter(user__ownerships__crate=crate)
    return sum(token.allows(Scope.PUBLISH_UPDATE, crate.name) for token in tokens)
