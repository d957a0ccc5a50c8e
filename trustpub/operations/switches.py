"""Switches parts of trusted publishing off and on again; each change is an audit event (g.3)."""

from django.conf import settings
from django.db import transaction
from django.db.models import Value

from accounts import audit
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.powers import Power, require_power
from registry.models import Team
from trustpub.errors import PendingPublishersOff, TrustedPublishingOff
from trustpub.models import Issuer, SwitchedOff
from trustpub.models.switch import PENDING_PUBLISHERS, of_organization, switch_names

# How a state of an issuer is told in the audit log.
STATE_EVENTS = {
    Issuer.State.ENABLED: "issuer.edited",
    Issuer.State.READ_ONLY: "issuer.edited",
    Issuer.State.DISABLED: "issuer.disabled",
}


def known_switches() -> list[tuple[str, str]]:
    """Those of the installation, and one for each organisation that has teams here."""
    names = {team.organization_id: team.organization for team in Team.objects.order_by("login")}
    organizations = [
        (of_organization(number), f"new pending publishers of {name}")
        for number, name in names.items()
    ]
    return [*switch_names(), *organizations]


@transaction.atomic
def switch_off(
    *, actor: Acting, name: str, reason: str, spares_tokens: bool = False
) -> SwitchedOff:
    """Stops it at once, for publish tokens that exist too unless those are spared.

    Raises InvalidInput for a switch that there is not.
    """
    require_power(actor, Power.ADMINISTER)
    known = [known for known, _ in known_switches()]
    if name not in known:
        raise InvalidInput(f"there is no switch `{name[:60]}`; choose from {', '.join(known)}")
    row, _ = SwitchedOff.objects.update_or_create(
        name=name, defaults={"reason": reason, "spares_tokens": spares_tokens}
    )
    after = {"reason": reason, "spares_tokens": spares_tokens}
    audit.record("switch.off", actor=actor, subject=name, after=after)
    return row


@transaction.atomic
def switch_on(*, actor: Acting, name: str) -> None:
    """Nothing happens where it is on."""
    require_power(actor, Power.ADMINISTER)
    gone, _ = SwitchedOff.objects.filter(name=name).delete()
    if gone:
        audit.record("switch.on", actor=actor, subject=name)


@transaction.atomic
def set_issuer_state(*, actor: Acting, issuer: Issuer, state: str, reason: str) -> None:
    """Disables one installation, closes it for new publishers, or opens it again."""
    require_power(actor, Power.ADMINISTER)
    locked = Issuer.objects.select_for_update().get(pk=issuer.pk)
    before, locked.state = locked.state, Issuer.State(state)
    if before == locked.state:
        return
    locked.save(update_fields=["state"])
    audit.record(
        STATE_EVENTS[locked.state],
        actor=actor,
        subject=locked.url,
        before={"state": before},
        after={"state": locked.state, "reason": reason},
    )


def check_takes_publishers(issuer: Issuer) -> None:
    """Raises TrustedPublishingOff while exchanges of this issuer's kind are switched off."""
    off = SwitchedOff.objects.for_kind(Value(issuer.provider)).exists()
    if off or not settings.TRUSTED_PUBLISHING:
        raise TrustedPublishingOff


def check_takes_pending(organization_id: int | None = None) -> None:
    """Raises PendingPublishersOff while none may be registered; those that exist are kept.

    Of an organisation's teams where its number is given, else of anybody's.
    """
    name = PENDING_PUBLISHERS if organization_id is None else of_organization(organization_id)
    if SwitchedOff.objects.filter(name=name).exists():
        raise PendingPublishersOff
