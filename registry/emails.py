"""One function per letter about crates."""

from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.emails import send
from accounts.models import ApiToken, User
from accounts.queries.staff import moderator_addresses
from adapters.compiled import CompiledQuery
from registry.models import Crate, DeletedCrate, Invitation, PublishKind, Report, Team, Version
from registry.operations.notifications import unsubscribe_token
from registry.queries import leaks

# Where owners want to hear of new versions, however many there are.
_WANTING_VERSIONS = CompiledQuery(
    lambda crate: (
        EmailAddress.objects.filter(
            user__ownerships__crate=crate,
            user__ownerships__email_notifications=True,
            user__publish_notifications=True,
            user__is_active=True,
            verified=True,
            primary=True,
        )
        .select_related("user")
        .order_by("user__login")
    ),
    crate=int,
)


def owner_added(crate: Crate, user: User, by: str) -> None:
    send(
        "owner_added",
        owner_addresses(crate),
        {"crate": crate, "user": user, "by": by, "address": f"{_page(crate)}/settings/owners"},
    )


def owner_removed(crate: Crate, user: User, by: str) -> None:
    receivers = owner_addresses(crate)
    former = user.verified_email()
    if former and former not in receivers:
        receivers.append(former)
    send(
        "owner_removed",
        receivers,
        {"crate": crate, "user": user, "by": by, "address": f"{_page(crate)}/settings/owners"},
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


def report_made(report: Report) -> None:
    """To every moderator; what the reporter wrote is read behind the sign-in."""
    facts: dict[str, object] = {
        "report": report,
        "reporter": report.reporter or "Somebody whose account is gone",
        "public_url": settings.PUBLIC_URL,
        "address": f"{settings.PUBLIC_URL}/admin/registry/report/{report.pk}/change/",
    }
    send("report_made", moderator_addresses(), facts)


def report_resolved(report: Report) -> None:
    address = report.reporter.verified_email() if report.reporter else None
    if report.reporter is None or address is None:
        return
    page = f"{settings.PUBLIC_URL}/crates/{report.crate_name}/report"
    login = report.reporter.login
    send("report_resolved", [address], {"report": report, "login": login, "address": page})


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


def crate_deleted(deleted: DeletedCrate, user: User) -> None:
    """To somebody who owned it."""
    address = user.verified_email()
    if address is None:
        return
    page = "settings/tokens" if deleted.deleted_by == user else ""
    send(
        "crate_deleted",
        [address],
        {"deleted": deleted, "user": user, "address": f"{settings.PUBLIC_URL}/{page}"},
    )


def moderated(crate: Crate, subject: str, what: str, reason: str) -> None:
    """`what` became of the crate or of one of its versions, to all who own it."""
    facts: dict[str, object] = {"subject": subject, "what": what, "reason": reason}
    send("moderated", owner_addresses(crate), {**facts, "address": settings.PUBLIC_URL})


def owner_invited(invitation: Invitation, token: str) -> None:
    """To a verified address alone: the link is enough to accept."""
    address = invitation.invitee.verified_email()
    if address is None:
        return
    send(
        "owner_invited",
        [address],
        {
            "invitation": invitation,
            "crate": invitation.crate,
            "invitee": invitation.invitee,
            "inviter": invitation.inviter,
            "address": f"{settings.PUBLIC_URL}/accept-invite/{token}",
            "list_address": f"{settings.PUBLIC_URL}/me/pending-invites",
        },
    )


def invitation_accepted(crate: Crate, user: User, inviter: str) -> None:
    facts = {
        "crate": crate,
        "user": user,
        "inviter": inviter,
        "address": f"{_page(crate)}/settings/owners",
    }
    send("invitation_accepted", owner_addresses(crate), facts)


def version_published(version: Version, by: str) -> None:
    """To each owner who wants it, with a link of their own to get no more of them."""
    provenance = version.provenance
    facts: dict[str, object] = {
        "version": version,
        "by": by,
        "trusted": provenance.kind == PublishKind.TRUSTED,
        "run": provenance.links.get("run", ""),
        "address": f"{_page(version.crate)}/{version.num}",
        "settings_address": f"{_page(version.crate)}/settings",
    }
    failed: OSError | None = None
    for address in _WANTING_VERSIONS.rows(crate=version.crate_id):
        try:
            _send_published(version, address, facts)
        except OSError as error:
            # One owner's dead address keeps no other letter back.
            failed = error
    if failed:
        raise failed


def team_added(crate: Crate, login: str, by: str) -> None:
    """To the people who own the crate; who is in the team is GitHub's to know."""
    facts = {"crate": crate, "login": login, "by": by, "address": f"{_page(crate)}/settings/owners"}
    send("team_added", owner_addresses(crate), facts)


def team_removed(crate: Crate, login: str, by: str) -> None:
    facts = {"crate": crate, "login": login, "by": by, "address": f"{_page(crate)}/settings/owners"}
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


def owner_left(crate: Crate, login: str) -> None:
    """To those who stay; the account is gone already."""
    send(
        "owner_left",
        owner_addresses(crate),
        {"crate": crate, "login": login, "address": _page(crate)},
    )


def owner_addresses(crate: Crate) -> list[str]:
    """The verified primary addresses of the people who own the crate."""
    return list(
        EmailAddress.objects.filter(
            user__ownerships__crate=crate, verified=True, primary=True
        ).values_list("email", flat=True)
    )


def _send_published(version: Version, address: EmailAddress, facts: dict[str, object]) -> None:
    token = unsubscribe_token(address.user, version.crate)
    link = f"{settings.PUBLIC_URL}/unsubscribe/{token}"
    send(
        "version_published",
        [address.email],
        {**facts, "login": address.user.login, "unsubscribe": link},
        # RFC 8058: mail programs offer a button of their own.
        {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def _page(crate: Crate) -> str:
    return f"{settings.PUBLIC_URL}/crates/{crate.name}"
