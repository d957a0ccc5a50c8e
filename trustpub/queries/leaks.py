"""Who has to hear that a publish token leaked, and about which crates."""

from allauth.account.models import EmailAddress

from accounts.models import AuditEvent
from accounts.scopes import Scope
from registry.queries.leaks import MOST_LISTED
from trustpub.models import PublishToken


def crates_by_address(token: PublishToken) -> dict[str, list[str]]:
    """Verified address -> names of that person's crates that the token was good for.

    A token that only reads is for no crate; administrators hear of it.
    """
    found: dict[str, set[str]] = {}
    addresses = EmailAddress.objects.filter(verified=True, primary=True)
    if Scope.READ in token.scopes:
        people = addresses.filter(user__is_superuser=True, user__is_active=True)
        return {address: [] for address in people.values_list("email", flat=True)}
    for address, crate in addresses.filter(
        user__ownerships__crate__in=token.crates.all()
    ).values_list("email", "user__ownerships__crate__name"):
        found.setdefault(address, set()).add(crate)
    for address, crate in addresses.filter(
        user__pending_publishers__in=token.pending_publishers.all()
    ).values_list("email", "user__pending_publishers__crate_name"):
        found.setdefault(address, set()).add(crate)
    return {address: sorted(crates)[:MOST_LISTED] for address, crates in sorted(found.items())}


def versions_published_with(token: PublishToken) -> list[str]:
    """What the audit log says that the token's job published, newest first."""
    names = [*token.crates.values_list("name", flat=True), *token.new_names]
    events = AuditEvent.objects.filter(
        crate__in=names,
        at__gte=token.issued_at,
        name="version.published",
        actor_kind="ci_job",
        actor_id=str(token.pk),
    )
    return list(events.order_by("-pk").values_list("subject", flat=True)[:MOST_LISTED])
