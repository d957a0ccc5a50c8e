"""Takes out of the audit log what need not be known for ever."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent

AT_ONCE = 5000


def forget_addresses() -> int:
    """Removes network addresses that are older than the installation keeps; answers how many.

    Few rows in a transaction, so that what is interrupted is not done for nothing.
    """
    before = timezone.now() - settings.KEEP_ADDRESSES
    ApiToken.objects.filter(last_used_at__lt=before).exclude(last_network="").update(
        last_network=""
    )
    return _forget(AuditEvent.objects.filter(at__lt=before, address__isnull=False))


def _forget(events: "QuerySet[AuditEvent]") -> int:
    """In the order of the index of those that have an address."""
    forgotten, rest = 0, events
    while found := list(rest.order_by("at").values_list("pk", "at")[:AT_ONCE]):
        forgotten += events.filter(pk__in=[pk for pk, _ in found]).update(address=None)
        # What lies before need not be looked through again.
        rest = events.filter(at__gte=found[-1][1])
    return forgotten
