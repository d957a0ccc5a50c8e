"""One function per letter about trusted publishing; no link in a letter changes anything."""

from collections.abc import Mapping

from django.conf import settings

from accounts.emails import send
from accounts.models import User
from registry.emails import owner_addresses
from registry.models import Crate
from trustpub.models import PendingPublisher, Publisher, PublisherCrate


def publisher_added(grant: PublisherCrate, by: str) -> None:
    _to_owners(grant.crate, "publisher_added", {"publisher": str(grant.publisher), "by": by})


def publisher_edited(grant: PublisherCrate, before: str, by: str) -> None:
    context = {"publisher": str(grant.publisher), "before": before, "by": by}
    _to_owners(grant.crate, "publisher_edited", context)


def publisher_changed(grant: PublisherCrate, what: str, by: str) -> None:
    """`what` is a participle: suspended, resumed, confirmed, renewed."""
    context = {"publisher": str(grant.publisher), "what": what, "by": by}
    _to_owners(grant.crate, "publisher_changed", context)


def publisher_unbacked(grant: PublisherCrate) -> None:
    _to_owners(grant.crate, "publisher_unbacked", {"publisher": str(grant.publisher)})


def publisher_lapses(publisher: Publisher) -> None:
    for crate in publisher.crates.all():
        context = {"publisher": str(publisher), "at": publisher.pin_before}
        _to_owners(crate, "publisher_lapses", context)


def environment_ignored(publisher: Publisher, environment: str) -> None:
    for crate in publisher.crates.all():
        context = {"publisher": str(publisher), "environment": environment}
        _to_owners(crate, "environment_ignored", context)


def publisher_removed(crate: Crate, publisher: str, by: str) -> None:
    _to_owners(crate, "publisher_removed", {"publisher": publisher, "by": by})


def publisher_renamed(publisher: Publisher, before: str) -> None:
    for crate in publisher.crates.all():
        _to_owners(crate, "publisher_renamed", {"publisher": str(publisher), "before": before})


def publisher_suspended(publisher: Publisher) -> None:
    for crate in publisher.crates.all():
        _to_owners(
            crate,
            "publisher_suspended",
            {
                "publisher": str(publisher),
                "reason": publisher.state_reason,
                "waits": publisher.state == Publisher.State.AWAITING,
            },
        )


def pending_registered(pending: PendingPublisher) -> None:
    _to_person(pending.owner, "pending_registered", {"pending": pending})


def pending_reminder(pending: PendingPublisher) -> None:
    _to_person(pending.owner, "pending_reminder", {"pending": pending})


def pending_reified(crate: Crate, publisher: Publisher) -> None:
    _to_owners(crate, "pending_reified", {"publisher": str(publisher)})


def pending_invalidated(owner: User, crate_name: str) -> None:
    _to_person(owner, "pending_invalidated", {"crate_name": crate_name})


def pending_expired(owner: User, crate_name: str) -> None:
    _to_person(owner, "pending_expired", {"crate_name": crate_name})


def _to_owners(crate: Crate, letter: str, context: Mapping[str, object]) -> None:
    address = f"{settings.PUBLIC_URL}/crates/{crate.name}/settings"
    send(letter, owner_addresses(crate), {"crate": crate, "address": address, **context})


def _to_person(person: User, letter: str, context: Mapping[str, object]) -> None:
    receiver = person.verified_email()
    if receiver:
        address = f"{settings.PUBLIC_URL}/settings/publishers"
        send(letter, [receiver], {"address": address, **context})
