"""Changes what the owners of a crate may choose about it."""

from django.db import transaction

from accounts import audit
from adapters import jobs
from registry.actors import Actor
from registry.models import Crate
from registry.policies import Action, require


@transaction.atomic
def set_trustpub_only(*, actor: Actor, crate: Crate, trustpub_only: bool) -> Crate:
    """Whether new versions come from CI alone; the owners are told of a change.

    Raises a Refusal of the policy.
    """
    locked = Crate.objects.locked().get(pk=crate.pk)
    require(actor, Action.CHANGE_SETTINGS, locked)
    if locked.trustpub_only != trustpub_only:
        locked.trustpub_only = trustpub_only
        locked.save(update_fields=["trustpub_only"])
        audit.record(
            "crate.trustpub_only_changed",
            actor=actor,
            crate=locked.name,
            subject=locked.name,
            before={"trustpub_only": not trustpub_only},
            after={"trustpub_only": trustpub_only},
        )
        jobs.after_commit("registry.mail_trustpub_only_changed", locked.pk, actor.label)
    return locked
