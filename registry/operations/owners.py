"""Adds, invites and removes the people and teams that own a crate."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.powers import Power, require_power
from adapters import jobs
from registry.actors import Actor, Moderator, System
from registry.models import Crate, Ownership, Team
from registry.operations.invitations import invite, withdraw_all_from, withdraw_live
from registry.operations.quarantine import follow_owners
from registry.policies import Action, require
from registry.queries.lookup import held
from registry.teams import FoundTeam, find_team

MAX_NAMES = 10
_ACTING_FOR_ALL = (Moderator, System)


def add_owners(*, actor: Actor, crate: Crate, logins: Sequence[str]) -> list[str]:
    """Invites each of the people, and makes each team an owner; answers a sentence for each.

    All or nothing: raises InvalidInput for an unknown login, an owner, or too many names,
    TooManyRequests, and what GitHub says no to where a team is among them.
    """
    _check_number(logins)
    # GitHub is asked before the transaction, which must not wait for it.
    actor.look_up_rights(crate)
    require(actor, Action.CHANGE_OWNERS, crate)
    teams = {login: find_team(actor.user, login) for login in logins if _names_team(login)}
    return _add(actor, crate, logins, teams)


def remove_owners(*, actor: Actor, crate: Crate, logins: Sequence[str]) -> None:
    """Removes owners, and withdraws invitations: theirs to others, and others' to them.

    All or nothing: raises InvalidInput for somebody who is neither, and for the last person.
    """
    _check_number(logins)
    actor.look_up_rights(crate)
    _remove(actor, crate, logins)


@transaction.atomic
def replace_owners(*, actor: Moderator | System, crate: Crate, logins: Sequence[str]) -> None:
    """These people and nobody else, no team either; invitations are withdrawn.

    Raises NotAllowed, or InvalidInput for an unknown login or where nothing would change.
    """
    require_power(actor, Power.MODERATE)
    _check_number(logins)
    locked = _locked(actor, crate)
    wanted = {_person(login) for login in logins}
    owned = list(locked.ownerships.select_related("user", "team").order_by("pk"))
    if {ownership.user for ownership in owned} == wanted:
        raise InvalidInput(f"just these people own {locked.name} already")
    for user in sorted(wanted - {ownership.user for ownership in owned}, key=str):
        _add_person(actor, locked, user.login)
    for ownership in owned:
        if ownership.user not in wanted:
            _remove_one(actor, locked, ownership.login)
    for invitation in locked.invitations.with_everybody():
        withdraw_live(actor=actor, crate=locked, login=invitation.invitee.login)
    follow_owners(locked)


@transaction.atomic
def _add(
    actor: Actor, crate: Crate, logins: Sequence[str], teams: Mapping[str, FoundTeam]
) -> list[str]:
    locked = _locked(actor, crate)
    answers = [
        _add_team(actor, locked, teams[login])
        if login in teams
        else _add_person(actor, locked, login)
        for login in logins
    ]
    follow_owners(locked)
    return answers


def _add_person(actor: Actor, crate: Crate, login: str) -> str:
    user = _person(login)
    if crate.is_owned_by(user):
        raise InvalidInput(f"`{user.login}` is already an owner")
    # The operator at the shell asks nobody, nor do moderators.
    if settings.OWNER_INVITATIONS and actor.user and not isinstance(actor, _ACTING_FOR_ALL):
        if invite(actor=actor, inviter=actor.user, crate=crate, invitee=user):
            return f"user {user.login} has been invited to be an owner of crate {crate.name}"
        return (
            f"user {user.login} already has a pending invitation to be an owner of "
            f"crate {crate.name}"
        )
    crate.invitations.filter(invitee=user).delete()
    Ownership.objects.create(crate=crate, user=user, created_by=actor.user)
    audit.record("owner.added", actor=actor, crate=crate.name, subject=user.login)
    jobs.after_commit("registry.mail_owner_added", crate.pk, user.pk, actor.label)
    return f"user {user.login} has been added as an owner of crate {crate.name}"


def _add_team(actor: Actor, crate: Crate, found: FoundTeam) -> str:
    team = saved_team(found)
    if crate.ownerships.filter(team=team).exists():
        raise InvalidInput(f"`{team.login}` is already an owner")
    Ownership.objects.create(crate=crate, team=team, created_by=actor.user)
    audit.record("owner.added", actor=actor, crate=crate.name, subject=team.login)
    jobs.after_commit("registry.mail_team_added", crate.pk, team.login, actor.label)
    return f"team {team.login} has been added as an owner of crate {crate.name}"


def saved_team(found: FoundTeam) -> Team:
    """The team's row, with what GitHub calls it today."""
    # A team that was deleted and made anew has the login and is another one.
    for former in Team.objects.filter(login=found.login).exclude(github_id=found.github_id):
        former.give_up_login()
    team, _ = Team.objects.update_or_create(
        github_id=found.github_id,
        defaults={
            "login": found.login,
            "organization_id": found.organization_id,
            "name": found.name[:255],
            "avatar_url": found.avatar_url,
        },
    )
    return team


@transaction.atomic
def _remove(actor: Actor, crate: Crate, logins: Sequence[str]) -> None:
    locked = _locked(actor, crate)
    for login in logins:
        _remove_one(actor, locked, login)
    if not Ownership.objects.filter(crate=locked, user__isnull=False).exists():
        raise InvalidInput(
            "cannot remove all individual owners of a crate. "
            "Team members don't have permission to modify owners, so at least one individual "
            "owner is required."
        )
    follow_owners(locked)


def _remove_one(actor: Actor, crate: Crate, login: str) -> None:
    owners = crate.ownerships.select_related("user", "team")
    ownership = owners.filter(Q(user__login__iexact=login) | Q(team__login__iexact=login)).first()
    if ownership is None:
        if withdraw_live(actor=actor, crate=crate, login=login):
            return
        raise InvalidInput(f"could not find owner with login `{login[:64]}`")
    ownership.delete()
    audit.record("owner.removed", actor=actor, crate=crate.name, subject=ownership.login)
    if ownership.user:
        withdraw_all_from(actor=actor, crate=crate, inviter=ownership.user)
        jobs.after_commit("registry.mail_owner_removed", crate.pk, ownership.user.pk, actor.label)
    else:
        jobs.after_commit("registry.mail_team_removed", crate.pk, ownership.login, actor.label)


def _check_number(logins: Sequence[str]) -> None:
    if not logins:
        raise InvalidInput("`owners` must name at least one login")
    if len(logins) > MAX_NAMES:
        raise InvalidInput(f"too many owners in one request: at most {MAX_NAMES}")


def _locked(actor: Actor, crate: Crate) -> Crate:
    # Who owns it may be what a moderator has to set right.
    locked = held(crate.pk, even_hidden=isinstance(actor, _ACTING_FOR_ALL))
    require(actor, Action.CHANGE_OWNERS, locked)
    return locked


def _names_team(login: str) -> bool:
    return ":" in login


def _person(login: str) -> User:
    user = User.objects.with_login(login) if login.isascii() and "\0" not in login else None
    if user is None or not user.is_active:
        raise InvalidInput(f"could not find user with login `{login[:64]}`")
    return user
