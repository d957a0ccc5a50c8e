"""Changes what the owners of a crate may choose about it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import audit
from adapters import jobs
from registry.actors import Actor, System
from registry.models import Crate, Team
from registry.policies import Action, require
from registry.queries.lookup import held


@transaction.atomic
def set_trustpub_only(*, actor: Actor, crate: Crate, trustpub_only: bool) -> Crate:
    """Whether new versions come from CI alone; the owners are told of a change.

    On takes effect at once and calls off a pending "off"; off waits for a second owner, if there is
    one, and then TRUSTPUB_ONLY_DELAY, so that a thief of one owner's account cannot undo it
    unseen. Raises a Refusal of the policy.
    """
    locked = held(crate.pk)
    require(actor, Action.CHANGE_SETTINGS, locked)
    if trustpub_only:
        import_string(settings.FORGET_WISH_TO_OPEN)(actor, locked)
        _switch_on(actor, locked)
    elif _may_be_opened(actor, locked):
        _request_off(actor, locked)
    return locked


def end_trustpub_only() -> int:
    """Takes the switches away whose delay is over; answers how many. Safe to run twice."""
    due = Crate.everything.filter(trustpub_only=True, trustpub_only_ends_at__lte=timezone.now())
    ended = 0
    for pk in list(due.order_by("pk").values_list("pk", flat=True)[: settings.CRATES_AT_ONCE]):
        with transaction.atomic():
            # It may have been deleted meanwhile.
            crate = Crate.everything.locked().filter(pk=pk).first()
            if crate and crate.trustpub_only and not crate.is_ci_only():
                _switch_off(System("clock"), crate)
                ended += 1
    return ended


@transaction.atomic
def set_team_trustpub_only(*, actor: System, team: Team, trustpub_only: bool) -> datetime | None:
    """The same for every crate of a team, by the operator; answers when it ends, if it does."""
    locked = Team.objects.select_for_update().get(pk=team.pk)
    if trustpub_only:
        locked.trustpub_only, locked.trustpub_only_ends_at = True, None
    elif locked.trustpub_only and locked.trustpub_only_ends_at is None:
        locked.trustpub_only_ends_at = timezone.now() + settings.TRUSTPUB_ONLY_DELAY
    locked.save(update_fields=["trustpub_only", "trustpub_only_ends_at"])
    ends_at = locked.trustpub_only_ends_at
    audit.record(
        "team.trustpub_only.on" if trustpub_only else "team.trustpub_only.requested",
        actor=actor,
        subject=locked.login,
        after={"ends_at": ends_at.isoformat() if ends_at else None},
    )
    for crate_id in locked.ownerships.values_list("crate_id", flat=True):
        jobs.after_commit("registry.mail_team_trustpub_only", crate_id, locked.pk)
    return ends_at


def _may_be_opened(actor: Actor, crate: Crate) -> bool:
    """Where there is another owner, one account is not enough."""
    is_shut = crate.is_ci_only() and crate.trustpub_only_ends_at is None
    return is_shut and bool(import_string(settings.AGREES_TO_OPEN)(actor, crate))


def _switch_on(actor: Actor, crate: Crate) -> None:
    if crate.is_ci_only() and crate.trustpub_only_ends_at is None:
        return
    was_on = crate.is_ci_only()
    crate.trustpub_only = True
    crate.trustpub_only_ends_at = None
    if not was_on:
        crate.trustpub_only_since = timezone.now()
    _save(actor, crate, "crate.trustpub_only.on")
    jobs.after_commit("registry.mail_trustpub_only_changed", crate.pk, actor.label)


def _request_off(actor: Actor, crate: Crate) -> None:
    if not settings.TRUSTPUB_ONLY_DELAY:
        _switch_off(actor, crate)
        return
    crate.trustpub_only_ends_at = timezone.now() + settings.TRUSTPUB_ONLY_DELAY
    _save(actor, crate, "crate.trustpub_only.requested")
    jobs.after_commit("registry.mail_trustpub_only_ending", crate.pk, actor.label)


def _switch_off(actor: Actor, crate: Crate) -> None:
    crate.trustpub_only = False
    crate.trustpub_only_since = crate.trustpub_only_ends_at = None
    _save(actor, crate, "crate.trustpub_only.off")
    jobs.after_commit("registry.mail_trustpub_only_changed", crate.pk, actor.label)


def _save(actor: Actor, crate: Crate, event: str) -> None:
    crate.save(update_fields=["trustpub_only", "trustpub_only_since", "trustpub_only_ends_at"])
    ends_at = crate.trustpub_only_ends_at
    audit.record(
        event,
        actor=actor,
        crate=crate.name,
        subject=crate.name,
        after={
            "trustpub_only": crate.trustpub_only,
            "ends_at": ends_at.isoformat() if ends_at else None,
        },
    )
