"""Adds, removes and suspends the publishers of a crate."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from adapters import jobs
from registry.actors import Actor, System
from registry.models import Crate
from registry.policies import Action, require
from trustpub.conditions import ascii_fold
from trustpub.errors import PublisherExists, TooManyPublishers, config_not_found
from trustpub.models import ExchangeRefusal, Issuer, Publisher, PublisherCrate
from trustpub.operations.pending import check_registrant
from trustpub.operations.registration_limits import count_registration
from trustpub.operations.rules import RuleFields, rule_fields
from trustpub.operations.sharing import shared_publisher


def add_publisher(
    *, actor: Actor, crate: Crate, issuer: Issuer, form: Mapping[str, str | None]
) -> PublisherCrate:
    """Lets a workload publish the crate; an identical rule of another crate is shared.

    Raises NotOwner, NotAllowed, InvalidPublisher, PublisherExists or TooManyPublishers.
    """
    require(actor, Action.CONFIGURE, crate)
    if actor.user is not None:
        check_registrant(actor.user)
        count_registration("publisher-registration", actor.user, what="publishers added today")
    # Outside of the transaction: it may ask the forge.
    rule = rule_fields(issuer, form)
    return save_rule(actor, crate, rule)


@transaction.atomic
def remove_publisher(*, actor: Actor, grant_id: int, provider: str | None = None) -> None:
    """Ends a workload's right on one crate; its publish tokens for the crate die at once.

    Raises NotFound or a refusal of the policy.
    """
    grants = PublisherCrate.objects.select_related("publisher__issuer", "crate")
    if provider:
        grants = grants.filter(publisher__issuer__provider=provider)
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise config_not_found()
    require(actor, Action.CONFIGURE, grant.crate)
    publisher = grant.publisher
    audit.record(
        "publisher.deleted",
        actor=actor,
        crate=grant.crate.name,
        subject=str(publisher),
        before=publisher.facts(),
    )
    jobs.after_commit(
        "trustpub.mail_publisher_removed", grant.crate_id, str(publisher), actor.label
    )
    grant.delete()
    if not publisher.grants.exists():
        publisher.delete()


@transaction.atomic
def suspend_changed(refusal: ExchangeRefusal) -> None:
    """Stops publishers whose repository was re-created or transferred (reference, b.1).

    An owner lifts it by removing the publisher and adding it anew.
    """
    workload = refusal.workload
    # A re-created repository has the name, a transferred one has the id.
    same = Q(repository_folded=ascii_fold(str(workload["repository"]))) | Q(
        repository_id=workload["repository_id"]
    )
    found = (
        Publisher.objects.select_for_update()
        .filter(same, issuer=refusal.issuer, state=Publisher.State.ACTIVE)
        .order_by("pk")
    )
    for publisher in found.exclude(repository_id="").exclude(
        repository_id=workload["repository_id"], repository_owner_id=workload["owner_id"]
    ):
        publisher.state = Publisher.State.SUSPENDED
        publisher.state_reason = "the repository's ids changed: it was transferred or re-created"
        publisher.save(update_fields=["state", "state_reason"])
        audit.record(
            "publisher.identity_changed",
            actor=System("exchange"),
            subject=str(publisher),
            before=publisher.facts(),
            after={
                "repository_id": workload["repository_id"],
                "repository_owner_id": workload["owner_id"],
            },
        )
        jobs.after_commit("trustpub.mail_publisher_suspended", publisher.pk)


def expire() -> int:
    """Lapses publishers whose ids nobody pinned in time; answers how many."""
    count = 0
    lapsed = Publisher.objects.filter(state=Publisher.State.ACTIVE, pin_before__lte=timezone.now())
    for publisher in lapsed:
        with transaction.atomic():
            changed = Publisher.objects.filter(
                pk=publisher.pk, state=Publisher.State.ACTIVE, pin_before__isnull=False
            ).update(
                state=Publisher.State.EXPIRED,
                state_reason="no job used it in time, so its repository's ids are not known",
            )
            if not changed:
                continue
            audit.record(
                "publisher.expired",
                actor=System("clock"),
                subject=str(publisher),
                before=publisher.facts(),
            )
            count += 1
    return count


@transaction.atomic
def save_rule(actor: Actor, crate: Crate, rule: RuleFields) -> PublisherCrate:
    """Adds a checked rule; the caller has asked the policy."""
    locked = Crate.objects.locked().get(pk=crate.pk)
    provider = rule["issuer"].provider
    held = PublisherCrate.objects.filter(crate=locked, publisher__issuer__provider=provider)
    if held.count() >= settings.PUBLISHERS_PER_CRATE:
        raise TooManyPublishers(
            f"This crate already has the maximum number of {rule['issuer'].get_provider_display()} "
            f"Trusted Publishing configurations ({settings.PUBLISHERS_PER_CRATE}); remove one first"
        )
    _check_is_new(held, rule)
    publisher = shared_publisher(rule, actor.user)
    grant = PublisherCrate.objects.create(publisher=publisher, crate=locked, created_by=actor.user)
    audit.record(
        "publisher.created",
        actor=actor,
        crate=locked.name,
        subject=str(publisher),
        after=publisher.facts(),
    )
    jobs.after_commit("trustpub.mail_publisher_added", grant.pk, actor.label)
    return grant


def _check_is_new(held: QuerySet[PublisherCrate], rule: RuleFields) -> None:
    """Raises PublisherExists if the crate has the rule already and it still stands."""
    same = held.filter(publisher__digest=rule["digest"]).select_related("publisher__issuer")
    for grant in same:
        pinned, wanted = grant.publisher.repository_id, rule["repository_id"]
        if grant.publisher.is_enabled() and (not (pinned and wanted) or pinned == wanted):
            raise PublisherExists("this crate already has exactly this publisher")
