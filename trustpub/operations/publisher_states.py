"""What becomes of a publisher: suspended, resumed, confirmed, renewed, lapsed, unbacked (e.3)."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.errors import InvalidInput, NotAllowed
from adapters import jobs
from registry.actors import Actor, System
from trustpub.conditions import ascii_fold, rule_digest
from trustpub.errors import NotInThatState
from trustpub.models import ExchangeRefusal, Publisher, PublisherCrate
from trustpub.models.publisher import SUSPENDED_BY
from trustpub.operations.identities import Identity, resolve
from trustpub.operations.publishers import grant_of, hold_back, locked_grant_of, move, vouch
from trustpub.operations.rules import RuleFields, rule_conditions
from trustpub.operations.second_owner import may_agree
from trustpub.operations.sharing import detach
from trustpub.operations.standing import check_registrant

State = Publisher.State
# Publishers that one run of the clock changes; the next one goes on.
AT_ONCE = 1000
TRANSFERRED = "the repository belongs to another owner now: {before} became {after}"
RECREATED = "the repository was deleted and created again under the same name: its ids changed"


@transaction.atomic
def suspend(*, actor: Actor, grant_id: int) -> PublisherCrate:
    """Stops a publisher of one crate until an owner resumes it; its live tokens die."""
    grant = _own(actor, grant_id)
    publisher = grant.publisher
    if publisher.state != State.ACTIVE:
        raise NotInThatState("only an active publisher can be suspended")
    publisher.state = State.SUSPENDED
    publisher.state_reason = f"{SUSPENDED_BY}{actor.label}"[:255]
    publisher.save(update_fields=["state", "state_reason"])
    _told(actor, grant, "publisher.suspended", "suspended")
    return grant


@transaction.atomic
def resume(*, actor: Actor, grant_id: int) -> PublisherCrate:
    """Lifts what an owner did; what the registry stopped is confirmed, or added anew."""
    grant = _own(actor, grant_id)
    publisher = grant.publisher
    if not publisher.is_suspended_by_owner:
        raise NotInThatState(
            "only what an owner suspended can be resumed; edit this publisher, or add it again"
        )
    publisher.state, publisher.state_reason = State.ACTIVE, ""
    publisher.save(update_fields=["state", "state_reason"])
    vouch(grant, actor)
    grant.save()
    _told(actor, grant, "publisher.resumed", "resumed")
    return grant


@transaction.atomic
def confirm(*, actor: Actor, grant_id: int) -> PublisherCrate:
    """An owner answers for the publisher of one crate: after a transfer, or as its new backer."""
    grant = locked_grant_of(actor, grant_id)
    if actor.user is not None:
        check_registrant(actor.user)
    publisher = Publisher.objects.select_for_update(of=("self",)).get(pk=grant.publisher_id)
    if publisher.state == State.AWAITING:
        return _confirm_transfer(actor, grant, publisher)
    vouch(grant, actor)
    grant.changed_at = timezone.now()
    grant.save()
    _told(actor, grant, "publisher.confirmed", "confirmed")
    return grant


@transaction.atomic
def agree(*, actor: Actor, grant_id: int) -> PublisherCrate:
    """A second owner agrees to a publisher that another one added where only CI may publish."""
    grant = locked_grant_of(actor, grant_id)
    if not grant.needs_consent:
        raise NotInThatState("this publisher waits for nobody's consent")
    if actor.user is not None:
        check_registrant(actor.user)
        if not may_agree(grant.crate, actor.user, grant.backed_by):
            raise NotAllowed(
                "another owner than the one who added the publisher has to agree, one who has "
                "been an owner for as long as protection takes to end"
            )
    grant.needs_consent = False
    grant.save(update_fields=["needs_consent"])
    _told(actor, grant, "publisher.agreed", "agreed to")
    return grant


def renew(*, actor: Actor, grant_id: int) -> PublisherCrate:
    """Asks the forge for the ids again, or gives the first job some more days to bring them."""
    grant = grant_of(actor, grant_id)
    found = resolve(grant.publisher.issuer, grant.publisher.repository)
    with transaction.atomic():
        grant = locked_grant_of(actor, grant_id)
        publisher = Publisher.objects.select_for_update(of=("self",)).get(pk=grant.publisher_id)
        if publisher.is_pinned or publisher.state not in (State.ACTIVE, State.EXPIRED):
            raise NotInThatState("only a publisher whose ids are not known yet can be renewed")
        _renew(publisher, found)
        _told(actor, grant, "publisher.renewed", "renewed")
    return grant


@transaction.atomic
def suspend_changed(refusal: ExchangeRefusal) -> None:
    """Stops publishers whose repository was transferred or re-created (reference, b.1)."""
    workload = refusal.typed_workload()
    # A re-created repository has the name, a transferred one has the id.
    same = Q(repository_folded=ascii_fold(workload.repository)) | Q(
        repository_id=workload.repository_id
    )
    found = (
        Publisher.objects.select_for_update()
        .filter(same, issuer=refusal.issuer, state=State.ACTIVE)
        .order_by("pk")
    )
    for publisher in found.exclude(repository_id="").exclude(
        repository_id=workload.repository_id, repository_owner_id=workload.owner_id
    ):
        before = publisher.facts()
        if publisher.repository_id == workload.repository_id:
            publisher.state = State.AWAITING
            publisher.state_reason = TRANSFERRED.format(
                before=publisher.repository, after=workload.repository
            )[:255]
        else:
            publisher.state, publisher.state_reason = State.SUSPENDED, RECREATED
        publisher.proposed = {
            "repository": workload.repository,
            "repository_id": workload.repository_id,
            "repository_owner_id": workload.owner_id,
        }
        publisher.save(update_fields=["state", "state_reason", "proposed"])
        audit.record(
            "publisher.identity_changed",
            actor=System("exchange"),
            subject=str(publisher),
            before=before,
            after=publisher.proposed,
        )
        jobs.after_commit("trustpub.mail_publisher_suspended", publisher.pk)


def expire() -> int:
    """Lapses publishers whose ids nobody pinned in time; answers how many."""
    count = 0
    lapsed = Publisher.objects.filter(state=State.ACTIVE, pin_before__lte=timezone.now())
    for publisher in lapsed.select_related("issuer").order_by("pk")[:AT_ONCE]:
        with transaction.atomic():
            changed = Publisher.objects.filter(
                pk=publisher.pk, state=State.ACTIVE, pin_before__lte=timezone.now()
            ).update(
                state=State.EXPIRED,
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


def tell_unbacked() -> int:
    """Tells the owners of a crate, once, that nobody vouches for a publisher; answers how many."""
    count = 0
    alone = PublisherCrate.objects.unbacked().filter(unbacked_at=None)
    for grant in alone.select_related("publisher__issuer", "crate").order_by("pk")[:AT_ONCE]:
        with transaction.atomic():
            marked = PublisherCrate.objects.filter(pk=grant.pk, unbacked_at=None)
            if not marked.update(unbacked_at=timezone.now()):
                continue
            audit.record(
                "publisher.suspended",
                actor=System("clock"),
                crate=grant.crate.name,
                subject=str(grant.publisher),
                after={"reason": "whoever added it no longer owns the crate"},
            )
            jobs.after_commit("trustpub.mail_publisher_unbacked", grant.pk)
        count += 1
    return count


def _own(actor: Actor, grant_id: int) -> PublisherCrate:
    """The right with a publisher of its own, which a change concerns alone; its tokens die."""
    grant = locked_grant_of(actor, grant_id)
    publisher = Publisher.objects.select_for_update(of=("self",)).get(pk=grant.publisher_id)
    if publisher.grants.exclude(pk=grant.pk).exists():
        publisher.pk = None
        # Any other text would do: the place of the rule stays with the publisher of the others.
        publisher.digest = f"copy:{grant.pk}:{timezone.now().timestamp()}"[:64]
        publisher.save(force_insert=True)
        detach(publisher)
    grant.publisher = publisher
    grant.changed_at = timezone.now()
    grant.save()
    return grant


def _confirm_transfer(actor: Actor, grant: PublisherCrate, publisher: Publisher) -> PublisherCrate:
    """The other crates of the publisher wait for their own owners."""
    proposed = publisher.proposed
    if not proposed:
        raise InvalidInput("nothing is known of the new owner; edit the publisher instead")
    before = publisher.facts()
    fields = publisher.provider.named_fields(publisher.fields, proposed["repository"])
    conditions = rule_conditions(publisher.provider, fields, publisher.rules)
    columns = RuleFields(
        issuer=publisher.issuer,
        fields=fields,
        rules=publisher.rules,
        conditions=[condition.as_dict() for condition in conditions],
        digest=rule_digest(publisher.issuer.url, conditions),
        repository=proposed["repository"],
        repository_folded=ascii_fold(proposed["repository"]),
        repository_id=proposed["repository_id"],
        repository_owner_id=proposed["repository_owner_id"],
    )
    grant.publisher = publisher
    hold_back(grant, grant.crate, actor)
    after = move(grant, columns, actor)
    audit.record(
        "publisher.confirmed",
        actor=actor,
        crate=grant.crate.name,
        subject=str(after),
        before=before,
        after=after.facts(),
    )
    jobs.after_commit("trustpub.mail_publisher_changed", grant.pk, "confirmed", actor.label)
    return grant


def _renew(publisher: Publisher, found: Identity) -> None:
    publisher.state, publisher.state_reason = State.ACTIVE, ""
    publisher.repository_id = publisher.repository_id or found.repository_id
    publisher.repository_owner_id = publisher.repository_owner_id or found.owner_id
    if publisher.is_pinned:
        publisher.pinned_at, publisher.pin_before = timezone.now(), None
    else:
        publisher.pin_before = timezone.now() + settings.UNPINNED_PUBLISHER_LIFETIME
    publisher.save()


def _told(actor: Actor, grant: PublisherCrate, event: str, what: str) -> None:
    audit.record(
        event,
        actor=actor,
        crate=grant.crate.name,
        subject=str(grant.publisher),
        after=grant.publisher.facts() | {"state": grant.publisher.state},
    )
    jobs.after_commit("trustpub.mail_publisher_changed", grant.pk, what, actor.label)
