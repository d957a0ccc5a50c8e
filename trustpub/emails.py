"""One function per letter about trusted publishing; no link in a letter changes anything."""

from collections.abc import Mapping

from django.conf import settings

from accounts.emails import send
from accounts.models import User
from registry.emails import owner_addresses
from registry.models import Crate
from trustpub.models import PendingPublisher, Publisher, PublisherCrate, PublishToken
from trustpub.queries import leaks

# Of an organisation that hear of a pending publisher of one of its teams.
MOST_COLLEAGUES = 20


def publisher_added(grant: PublisherCrate, by: str) -> None:
    begins_at = None if grant.has_begun() else grant.active_from
    context = {"begins_at": begins_at, "needs_consent": grant.needs_consent}
    _to_owners(
        grant.crate, "publisher_added", {"publisher": str(grant.publisher), "by": by, **context}
    )


def publisher_edited(grant: PublisherCrate, before: str, by: str) -> None:
    context = {"publisher": str(grant.publisher), "before": before, "by": by}
    _to_owners(grant.crate, "publisher_edited", context)


def publisher_changed(grant: PublisherCrate, what: str, by: str) -> None:
    """`what` is a participle: suspended, resumed, confirmed, agreed to, renewed."""
    context = {"publisher": str(grant.publisher), "what": what, "by": by}
    _to_owners(grant.crate, "publisher_changed", context)


def publisher_unbacked(grant: PublisherCrate) -> None:
    _to_owners(grant.crate, "publisher_unbacked", {"publisher": str(grant.publisher)})


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
                "stopped": publisher.is_stopped,
            },
        )
    if publisher.proposed and not publisher.is_stopped and "@" in settings.SECURITY_CONTACT:
        _to_security_contact(publisher)


def _to_security_contact(publisher: Publisher) -> None:
    """A repository changed hands: somebody takes over more than one crate's (g.1)."""
    names = publisher.crates.order_by("name").values_list("name", flat=True)
    context: dict[str, object] = {
        "publisher": str(publisher),
        "reason": publisher.state_reason,
        "crates": list(names),
        "address": f"{settings.PUBLIC_URL}/admin/trustpub/publisher/{publisher.pk}/change/",
    }
    send("identity_changed", [settings.SECURITY_CONTACT], context)


def pending_registered(pending: PendingPublisher) -> None:
    """To the registrant; also to who owns crates together with the organisation's teams."""
    _to_person(pending.owner, "pending_registered", {"pending": pending})
    if pending.team is None:
        return
    number = pending.team.organization_id
    others = User.objects.filter(ownerships__crate__ownerships__team__organization_id=number)
    for person in others.exclude(pk=pending.owner_id).distinct().order_by("pk")[:MOST_COLLEAGUES]:
        context = {"pending": pending, "address": f"{settings.PUBLIC_URL}/settings/publishers"}
        if receiver := person.verified_email():
            send("pending_registered_for_team", [receiver], context)


def pending_reified(crate: Crate, publisher: Publisher) -> None:
    _to_owners(crate, "pending_reified", {"publisher": str(publisher)})


def pending_invalidated(owner: User, crate_name: str) -> None:
    _to_person(owner, "pending_invalidated", {"crate_name": crate_name})


def pending_deleted(owner: User, crate_name: str, reason: str) -> None:
    _to_person(owner, "pending_deleted", {"crate_name": crate_name, "reason": reason})


def opening_asked(crate: Crate, by: str) -> None:
    _to_owners(crate, "opening_asked", {"by": by})


def pending_expired(owner: User, crate_name: str) -> None:
    _to_person(owner, "pending_expired", {"crate_name": crate_name})


def publish_token_leaked(token: PublishToken, source: str, place: str) -> None:
    """One letter for each person, naming that person's crates alone."""
    published = leaks.versions_published_with(token)
    facts = {
        "token": token,
        "workload": token.typed_workload(),
        "was_valid": token.revoked_at is not None and token.revoked_at < token.expires_at,
        "source": source,
        "place": place,
        "address": f"{settings.PUBLIC_URL}/dashboard",
    }
    for receiver, crates in leaks.crates_by_address(token).items():
        versions = [version for version in published if version.partition("@")[0] in crates]
        own = {"crates": crates, "versions": versions}
        send("publish_token_leaked", [receiver], {**facts, **own})


def _to_owners(crate: Crate, letter: str, context: Mapping[str, object]) -> None:
    address = f"{settings.PUBLIC_URL}/crates/{crate.name}/settings"
    send(letter, owner_addresses(crate), {"crate": crate, "address": address, **context})


def _to_person(person: User, letter: str, context: Mapping[str, object]) -> None:
    receiver = person.verified_email()
    if receiver:
        address = f"{settings.PUBLIC_URL}/settings/publishers"
        send(letter, [receiver], {"address": address, **context})


def notice(letter: str, receivers: str, subject_id: int, context: dict[str, object]) -> None:
    """A letter of the clock to a crate's owners, to a person, or to the administrators."""
    if receivers == "crate":
        crate = Crate.objects.filter(pk=subject_id).first()
        if crate:
            _to_owners(crate, letter, context)
    elif receivers == "person":
        person = User.objects.filter(pk=subject_id).first()
        if person:
            _to_person(person, letter, context)
    else:
        address = f"{settings.PUBLIC_URL}/admin/trustpub/keysetrow/"
        send(letter, _administrators(), {"address": address, **context})


def _administrators() -> list[str]:
    people = User.objects.filter(is_superuser=True, is_active=True)
    return [address for address in (person.verified_email() for person in people) if address]
