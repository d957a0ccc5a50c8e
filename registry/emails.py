"""One function per letter about crates."""

from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.emails import send
from accounts.models import ApiToken, User
from registry.models import Crate, DeletedCrate, Provenance, PublishKind, Team, Version
from registry.queries import leaks


def owner_added(crate: Crate, user: User, by: str) -> None:
    send(
        "owner_added",
        owner_addresses(crate),
        {"crate": crate, "user": user, "by": by, "address": _page(crate)},
    )


def owner_removed(crate: Crate, user: User, by: str) -> None:
    receivers = owner_addresses(crate)
    former = user.verified_email()
    if former and former not in receivers:
        receivers.append(former)
    send(
        "owner_removed",
        receivers,
        {"crate": crate, "user": user, "by": by, "address": _page(crate)},
    )


def trustpub_only_changed(crate: Crate, by: str) -> None:
    send(
        "trustpub_only_changed",
        owner_addresses(crate),
        {"crate": crate, "by": by, "address": f"{_page(crate)}/settings"},
    )


def trustpub_only_ending(crate: Crate, by: str) -> None:
    """One click on the page calls it off; no link in a letter changes anything."""
    send(
        "trustpub_only_ending",
        owner_addresses(crate),
        {"crate": crate, "by": by, "address": f"{_page(crate)}/settings"},
    )


def team_trustpub_only(crate: Crate, team: Team) -> None:
    facts = {"crate": crate, "team": team, "address": _page(crate)}
    send("team_trustpub_only", owner_addresses(crate), facts)


def provenance_break(version: Version, what: str) -> None:
    send(
        "provenance_break",
        owner_addresses(version.crate),
        {
            "version": version,
            "what": what,
            "address": f"{_page(version.crate)}/{version.num}",
        },
    )


def crate_deleted(deleted: DeletedCrate) -> None:
    address = deleted.deleted_by.verified_email() if deleted.deleted_by else None
    if address is None:
        return
    send(
        "crate_deleted",
        [address],
        {"deleted": deleted, "address": f"{settings.PUBLIC_URL}/settings/tokens"},
    )


def version_published(version: Version) -> None:
    """To the owners who want to know; a job is named by its workflow, never by a person."""
    provenance = Provenance.objects.filter(version=version).first()
    is_trusted = provenance is not None and provenance.kind == PublishKind.TRUSTED
    send(
        "version_published",
        list(
            EmailAddress.objects.filter(
                user__ownerships__crate=version.crate,
                user__ownerships__email_notifications=True,
                user__publish_notifications=True,
                verified=True,
                primary=True,
            ).values_list("email", flat=True)
        ),
        {
            "version": version,
            "provenance": provenance if is_trusted else None,
            "run": provenance.links.get("run", "") if provenance and is_trusted else "",
            "address": f"{_page(version.crate)}/{version.num}",
            "settings": f"{settings.PUBLIC_URL}/settings/profile",
        },
    )


def team_added(crate: Crate, login: str, by: str) -> None:
    """To the people who own the crate; who is in the team is GitHub's to know."""
    facts = {"crate": crate, "login": login, "by": by, "address": _page(crate)}
    send("team_added", owner_addresses(crate), facts)


def team_removed(crate: Crate, login: str, by: str) -> None:
    facts = {"crate": crate, "login": login, "by": by, "address": _page(crate)}
    send("team_removed", owner_addresses(crate), facts)


def token_leaked(token: ApiToken, source: str, place: str) -> None:
    """To its owner, confirmed address or not: somebody else may be using their account."""
    address = token.user.any_email()
    if address is None:
        return
    facts = {
        "token": token,
        "source": source,
        "place": place,
        "crates": leaks.crates_at_risk(token),
        "versions": leaks.versions_published_with(token),
        "address": f"{settings.PUBLIC_URL}/settings/tokens",
    }
    send("token_leaked", [address], facts)


def owner_addresses(crate: Crate) -> list[str]:
    """The verified primary addresses of the people who own the crate."""
    return list(
        EmailAddress.objects.filter(
            user__ownerships__crate=crate, verified=True, primary=True
        ).values_list("email", flat=True)
    )


def _page(crate: Crate) -> str:
    return f"{settings.PUBLIC_URL}/crates/{crate.name}"
