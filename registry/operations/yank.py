"""Hides a version from new resolutions, and shows it again."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import InvalidInput
from registry.actors import Actor
from registry.errors import InQuarantine
from registry.formats.index_entry import with_yanked
from registry.models import Crate, LimitedAction, Version, VersionAction
from registry.operations import index, summary
from registry.operations.rate_limits import take_token
from registry.policies import RULES, Action, require, require_scope
from registry.queries.lookup import held


def yank(*, actor: Actor, version: Version, reason: str = "") -> None:
    """Nothing happens to a version that is yanked for this reason already.

    Raises a Refusal of the policy or of a limit.
    """
    _count(actor, version)
    with transaction.atomic():
        crate, current = _locked(actor, version)
        _set_yanked(actor, crate, current, yanked=True, message=reason)


def unyank(*, actor: Actor, version: Version) -> None:
    """Nothing happens to a version that is not yanked; raises a Refusal of the policy."""
    _count(actor, version)
    with transaction.atomic():
        crate, current = _locked(actor, version)
        _set_yanked(actor, crate, current, yanked=False, message="")


def amend(*, actor: Actor, version: Version, yanked: bool | None, message: str | None) -> None:
    """Changes what is given: whether the version is yanked, and what users are told about it.

    Raises InvalidInput for a message where nothing is yanked, or a Refusal of the policy.
    """
    if message is not None and yanked is False:
        raise InvalidInput("Cannot set yank message when unyanking")
    _count(actor, version)
    with transaction.atomic():
        crate, current = _locked(actor, version)
        if message is not None and yanked is None and not current.yanked:
            raise InvalidInput("Cannot update yank message for a version that is not yanked")
        if message is None and yanked is None:
            return
        wanted = current.yanked if yanked is None else yanked
        kept = current.yank_message if message is None and wanted else message or ""
        _set_yanked(actor, crate, current, yanked=wanted, message=kept)


def _count(actor: Actor, version: Version) -> None:
    """Before the transaction, so that it stays counted."""
    name = version.crate.name
    require_scope(actor, RULES[Action.YANK].scope, name)
    take_token(actor, LimitedAction.YANK_UNYANK, name)
    actor.look_up_rights(version.crate)


def _locked(actor: Actor, version: Version) -> tuple[Crate, Version]:
    crate = held(version.crate_id)
    require(actor, Action.YANK, crate)
    current = Version.everything.get(pk=version.pk)
    if current.hidden_at:
        raise InQuarantine(str(current))
    return crate, current


def _set_yanked(
    actor: Actor, crate: Crate, current: Version, *, yanked: bool, message: str
) -> None:
    if (current.yanked, current.yank_message) == (yanked, message):
        return
    current.yanked = yanked
    current.yank_message = message
    current.updated_at = timezone.now()
    current.index_line = with_yanked(current.index_line, yanked=yanked)
    current.save(update_fields=["yanked", "yank_message", "updated_at", "index_line"])
    action = VersionAction.Action.YANK if yanked else VersionAction.Action.UNYANK
    if actor.user:
        VersionAction.objects.create(
            version=current,
            user=actor.user,
            api_token_id=actor.api_token.pk if actor.api_token else None,
            action=action,
        )
    summary.recompute(crate)
    name = "version.yanked" if yanked else "version.unyanked"
    audit.record(
        name, actor=actor, crate=crate.name, subject=str(current), after={"message": message}
    )
    index.note_change(crate)
