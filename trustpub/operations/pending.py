"""Pending publishers: registered by people, made real by a first publish (c.2)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import NotFound
from accounts.models import User
from accounts.powers import Power, require_power
from adapters import jobs
from registry.formats.errors import FormatError
from registry.formats.names import canonical, check_crate_name
from registry.models import Crate, DeletedCrate, Ownership, ReservedName, Team, Version
from registry.operations.owners import saved_team
from registry.teams import FoundTeam, find_team
from trustpub.errors import (
    CrateIsYours,
    InvalidPublisher,
    NameUnavailable,
    NotInThatState,
    PublisherExists,
    TooManyPublishers,
    UnknownIssuer,
)
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, PublishToken
from trustpub.operations.registration_limits import count_registration
from trustpub.operations.rules import RuleFields, columns_of, pin, rule_fields
from trustpub.operations.sharing import shared_publisher
from trustpub.operations.standing import check_registrant
from trustpub.operations.switches import check_takes_pending
from trustpub.queries.holds import holder_of

DAY = timedelta(days=1)
LONGEST_LIFETIME = timedelta(days=90)
# Of those that ended, so many are removed in one run of the clock.
AT_ONCE = 1000


def register(
    *,
    actor: Acting,
    owner: User,
    names: Sequence[str],
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None = None,
    lifetime: timedelta | None = None,
    team: str = "",
) -> list[PendingPublisher]:
    """One pending publisher for each crate name, all or none; `owner` will own the crates.

    So will the `team`, such as github:org:team, of which the owner must be a member. Raises
    InvalidPublisher, NameUnavailable, PublisherExists, TooManyPublishers, NotAllowed, and what
    GitHub says no to where a team is named.
    """
    check_registrant(owner)
    check_takes_pending()
    lifetime = settings.PENDING_PUBLISHER_LIFETIME if lifetime is None else lifetime
    if not DAY <= lifetime <= LONGEST_LIFETIME:
        raise InvalidPublisher("the lifetime must be 1 to 90 days")
    if not names:
        raise InvalidPublisher("name at least one crate")
    count_registration("pending-registration", owner, what="pending publishers registered today")
    # Outside of the transaction: both may ask a forge.
    found = find_team(owner, team) if team else None
    if found:
        check_takes_pending(found.organization_id)
    if issuer.organization_id not in (None, found and found.organization_id):
        raise UnknownIssuer
    rule = rule_fields(issuer, form, rules)
    return _save(actor, owner, found, _each_once(names), rule, lifetime)


@transaction.atomic
def cancel(*, owner: User, pending_id: int) -> None:
    """Raises NotFound for somebody else's."""
    pending = PendingPublisher.objects.filter(owner=owner, pk=pending_id).first()
    if pending is None:
        raise NotFound
    audit.record("pending.deleted", actor=owner, crate=pending.crate_name, before=pending.facts())
    pending.delete()


@transaction.atomic
def suspend_pending(*, owner: User, pending_id: int) -> PendingPublisher:
    """It founds nothing until it is resumed, also for tokens that jobs hold.

    Raises NotFound for somebody else's, NotInThatState for one that is suspended.
    """
    pending = _held(owner, pending_id)
    if pending.suspended_at:
        raise NotInThatState("this pending publisher is suspended already")
    pending.suspended_at = timezone.now()
    _changed(owner, pending, "pending.suspended")
    return pending


@transaction.atomic
def resume_pending(*, owner: User, pending_id: int) -> PendingPublisher:
    """Raises NotFound or NotInThatState, and what a registrant without standing is told."""
    check_registrant(owner)
    pending = _held(owner, pending_id)
    if pending.suspended_at is None:
        raise NotInThatState("this pending publisher is not suspended")
    pending.suspended_at = None
    _changed(owner, pending, "pending.resumed")
    return pending


def _held(owner: User, pending_id: int) -> PendingPublisher:
    rows = PendingPublisher.objects.select_for_update(of=("self",))
    pending = rows.filter(owner=owner, pk=pending_id).select_related("issuer", "team").first()
    if pending is None:
        raise NotFound
    return pending


def _changed(owner: User, pending: PendingPublisher, event: str) -> None:
    pending.save(update_fields=["suspended_at"])
    audit.record(event, actor=owner, crate=pending.crate_name, subject=str(pending))


@transaction.atomic
def delete_pending(*, actor: Acting, pending_id: int, reason: str) -> None:
    """By a moderator, who says why; its registrant is told. Raises NotAllowed or NotFound."""
    require_power(actor, Power.MODERATE)
    pending = PendingPublisher.objects.filter(pk=pending_id).select_related("issuer").first()
    if pending is None:
        raise NotFound
    audit.record(
        "pending.deleted",
        actor=actor,
        crate=pending.crate_name,
        before=pending.facts(),
        after={"reason": reason},
    )
    jobs.after_commit("trustpub.mail_pending_deleted", pending.owner_id, pending.crate_name, reason)
    pending.delete()


def become_real(token: PublishToken, pending: PendingPublisher, version: Version) -> None:
    """Turns the rule into a publisher of the new crate, inside the publish transaction.

    The caller holds the pending row's lock. An identical publisher is reused, and every other
    pending publisher of the name is gone: the first valid publish wins.
    """
    crate = version.crate
    pin(pending, token.typed_workload())
    publisher = shared_publisher(columns_of(pending), pending.owner)
    grant = PublisherCrate.objects.create(
        publisher=publisher,
        crate=crate,
        created_by=pending.owner,
        backed_by=pending.owner,
        needs_backer=True,
    )
    if pending.team:
        _add_team(crate, pending.team, pending.owner)
    # Under lock: another upload of the same token may found another crate at this moment.
    locked = PublishToken.objects.select_for_update().get(pk=token.pk)
    token.grant_ids = [*locked.grant_ids, grant.pk]
    token.save(update_fields=["grant_ids"])
    actor = pending.owner
    audit.record(
        "pending.reified",
        actor=actor,
        crate=crate.name,
        subject=str(pending),
        after=pending.facts(),
    )
    jobs.after_commit("trustpub.mail_pending_reified", crate.pk, publisher.pk)
    pending.delete()
    invalidate(crate)


def _add_team(crate: Crate, team: Team, owner: User) -> None:
    Ownership.objects.create(crate=crate, team=team, created_by=owner)
    audit.record("owner.added", actor=owner, crate=crate.name, subject=team.login)
    jobs.after_commit("registry.mail_team_added", crate.pk, team.login, owner.login)


def invalidate(crate: Crate) -> None:
    """Removes the pending publishers of a name that exists now, and tells their registrants."""
    for other in PendingPublisher.objects.filter(canonical_name=crate.canonical_name):
        audit.record(
            "pending.invalidated", actor=other.owner, crate=crate.name, before=other.facts()
        )
        jobs.after_commit("trustpub.mail_pending_invalidated", other.owner_id, other.crate_name)
        other.delete()


def invalidate_taken() -> int:
    """Removes those whose crate somebody made by hand meanwhile; answers how many names."""
    names = PendingPublisher.objects.values("canonical_name")
    crates = Crate.everything.filter(canonical_name__in=names)
    for crate in crates:
        with transaction.atomic():
            invalidate(crate)
    return len(crates)


def expire() -> int:
    """Removes what nobody used in time, as much as a run may; answers how many."""
    count = 0
    due = PendingPublisher.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    for pending in due.select_related("issuer", "owner")[:AT_ONCE]:
        with transaction.atomic():
            gone, _ = PendingPublisher.objects.filter(pk=pending.pk).delete()
            if not gone:
                continue
            audit.record(
                "pending.expired",
                actor=pending.owner,
                crate=pending.crate_name,
                before=pending.facts(),
            )
            jobs.after_commit("trustpub.mail_pending_expired", pending.owner_id, pending.crate_name)
        count += 1
    return count


def check_name_is_free(name: str, owner: User | None = None) -> None:
    """Raises InvalidPublisher for no name at all, NameUnavailable for one that is not to be had.

    The answer is the same whatever stands in the way; only `owner` learns that a crate is theirs.
    """
    try:
        check_crate_name(name)
    except FormatError as error:
        raise InvalidPublisher(str(error)) from None
    crate = Crate.everything.named(name).first()
    if crate and owner and crate.is_owned_by(owner):
        raise CrateIsYours(crate.name, f"{settings.PUBLIC_URL}/crates/{crate.name}/settings")
    held = DeletedCrate.objects.filter(
        canonical_name=canonical(name), available_at__gt=timezone.now()
    )
    holder = holder_of(name)
    if crate or ReservedName.objects.reserves(name) or held.exists() or holder not in (None, owner):
        raise NameUnavailable(name)


@transaction.atomic
def _save(
    actor: Acting,
    owner: User,
    found: FoundTeam | None,
    names: Sequence[str],
    rule: RuleFields,
    lifetime: timedelta,
) -> list[PendingPublisher]:
    team = saved_team(found) if found else None
    _check_number(owner, team, len(names))
    return [_save_one(actor, owner, team, name, rule, lifetime) for name in names]


def _check_number(owner: User, team: Team | None, more: int) -> None:
    """The locks make the count hold until commit; a team's rows count for its organisation.

    Rows that only name the owner or the team are written meanwhile, or a publish would wait.
    """
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    unexpired = PendingPublisher.objects.unexpired()
    if team is None:
        most, who = settings.PENDING_PUBLISHERS_PER_USER, "you"
        held = unexpired.filter(owner=owner, team=None)
    else:
        most, who = settings.PENDING_PUBLISHERS_PER_ORGANIZATION, team.organization
        number = team.organization_id
        teams = Team.objects.select_for_update(no_key=True).filter(organization_id=number)
        list(teams.order_by("pk"))
        held = unexpired.filter(team__organization_id=number)
    if held.count() + more > most:
        raise TooManyPublishers(
            f"{who} may have at most {most} pending publishers; remove some that are not needed"
        )


def _save_one(
    actor: Acting,
    owner: User,
    team: Team | None,
    name: str,
    rule: RuleFields,
    lifetime: timedelta,
) -> PendingPublisher:
    check_name_is_free(name, owner)
    PendingPublisher.objects.filter(
        owner=owner, canonical_name=canonical(name), expires_at__lte=timezone.now()
    ).delete()
    try:
        with transaction.atomic():
            pending = PendingPublisher.objects.create(
                **rule,
                crate_name=name,
                canonical_name=canonical(name),
                owner=owner,
                team=team,
                created_by=owner,
                expires_at=timezone.now() + lifetime,
            )
    except IntegrityError as error:
        if not _has(owner, name, rule):
            raise error from None
        raise PublisherExists(
            f"you already have this pending publisher for the crate name `{name}`"
        ) from None
    audit.record("pending.created", actor=actor, crate=name, after=pending.facts())
    jobs.after_commit("trustpub.mail_pending_registered", pending.pk)
    return pending


def _each_once(names: Sequence[str]) -> list[str]:
    """A name in two spellings is one name."""
    return list({canonical(name): name for name in reversed(names)}.values())[::-1]


def _has(owner: User, name: str, rule: RuleFields) -> bool:
    return PendingPublisher.objects.filter(
        owner=owner,
        canonical_name=canonical(name),
        issuer=rule["issuer"],
        digest=rule["digest"],
    ).exists()
