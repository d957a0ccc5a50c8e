"""Pending publishers: registered by people, made real by a first publish (c.2)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.errors import NotAllowed, NotFound
from accounts.models import User
from adapters import jobs
from registry.formats.errors import FormatError
from registry.formats.names import canonical, check_crate_name
from registry.models import Crate, ReservedName, Version
from trustpub.errors import (
    InvalidPublisher,
    NameUnavailable,
    PublisherExists,
    TooManyPublishers,
)
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, PublishToken
from trustpub.operations.registration_limits import count_registration
from trustpub.operations.rules import RuleFields, columns_of, pin, rule_fields
from trustpub.operations.sharing import shared_publisher
from trustpub.operations.switches import check_takes_pending

DAY = timedelta(days=1)
LONGEST_LIFETIME = timedelta(days=90)


def register(
    *,
    actor: Acting,
    owner: User,
    names: Sequence[str],
    issuer: Issuer,
    form: Mapping[str, str | None],
    lifetime: timedelta | None = None,
) -> list[PendingPublisher]:
    """One pending publisher for each crate name, all or none; `owner` will own the crates.

    Raises InvalidPublisher, NameUnavailable, PublisherExists, TooManyPublishers or NotAllowed.
    """
    check_registrant(owner)
    check_takes_pending()
    lifetime = lifetime or settings.PENDING_PUBLISHER_LIFETIME
    if not DAY <= lifetime <= LONGEST_LIFETIME:
        raise InvalidPublisher("the lifetime must be 1 to 90 days")
    if not names:
        raise InvalidPublisher("name at least one crate")
    count_registration("pending-registration", owner, what="pending publishers registered today")
    # Outside of the transaction: it may ask the forge.
    rule = rule_fields(issuer, form)
    return _save(actor, owner, names, rule, lifetime)


@transaction.atomic
def cancel(*, owner: User, pending_id: int) -> None:
    """Raises NotFound for somebody else's."""
    pending = PendingPublisher.objects.filter(owner=owner, pk=pending_id).first()
    if pending is None:
        raise NotFound
    audit.record("pending.deleted", actor=owner, crate=pending.crate_name, before=pending.facts())
    pending.delete()


def become_real(token: PublishToken, pending: PendingPublisher, version: Version) -> None:
    """Turns the rule into a publisher of the new crate, inside the publish transaction.

    The caller holds the pending row's lock. An identical publisher is reused, and every other
    pending publisher of the name is gone: the first valid publish wins.
    """
    crate = version.crate
    pin(pending, token.typed_workload())
    publisher = shared_publisher(columns_of(pending), pending.owner)
    PublisherCrate.objects.create(publisher=publisher, crate=crate, created_by=pending.owner)
    token.publishers.add(publisher)
    token.crates.add(crate)
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


def invalidate(crate: Crate) -> None:
    """Removes the pending publishers of a name that exists now, and tells their registrants."""
    for other in PendingPublisher.objects.filter(canonical_name=crate.canonical_name):
        audit.record(
            "pending.invalidated", actor=other.owner, crate=crate.name, before=other.facts()
        )
        jobs.after_commit("trustpub.mail_pending_invalidated", other.owner_id, other.crate_name)
        other.delete()


def expire() -> int:
    """Removes what nobody used in time; answers how many. Safe to run twice."""
    count = 0
    for pending in PendingPublisher.objects.filter(expires_at__lte=timezone.now()):
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


def in_good_standing(user: User) -> bool:
    """Whether rights that rest on this person still hold."""
    return user.is_active and not user.is_locked() and user.verified_email() is not None


def check_registrant(user: User) -> None:
    """Raises NotAllowed unless the person may set up trust."""
    if not in_good_standing(user):
        raise NotAllowed("You must verify your email address to create a Trusted Publishing config")


def check_name_is_free(name: str) -> None:
    """Raises InvalidPublisher for no name at all, NameUnavailable for one that is not to be had."""
    try:
        check_crate_name(name)
    except FormatError as error:
        raise InvalidPublisher(str(error)) from None
    taken = Crate.objects.named(name).exists()
    if taken or ReservedName.objects.filter(canonical_name=canonical(name)).exists():
        raise NameUnavailable(name)


@transaction.atomic
def _save(
    actor: Acting, owner: User, names: Sequence[str], rule: RuleFields, lifetime: timedelta
) -> list[PendingPublisher]:
    # The lock makes the count of the person's rows hold until commit.
    User.objects.select_for_update().get(pk=owner.pk)
    open_now = PendingPublisher.objects.unexpired().filter(owner=owner).count()
    if open_now + len(names) > settings.PENDING_PUBLISHERS_PER_USER:
        raise TooManyPublishers(
            f"you may have at most {settings.PENDING_PUBLISHERS_PER_USER} pending publishers; "
            "remove some that you no longer need"
        )
    return [_save_one(actor, owner, name, rule, lifetime) for name in names]


def _save_one(
    actor: Acting, owner: User, name: str, rule: RuleFields, lifetime: timedelta
) -> PendingPublisher:
    check_name_is_free(name)
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


def _has(owner: User, name: str, rule: RuleFields) -> bool:
    return PendingPublisher.objects.filter(
        owner=owner,
        canonical_name=canonical(name),
        issuer=rule["issuer"],
        digest=rule["digest"],
    ).exists()
