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
    forgotten = last = 0
    # What lies before the last one need not be looked through again.
    while ids := list(
        events.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        forgotten += events.filter(pk__in=ids).update(address=None)
        last = ids[-1]
    return forgotten
