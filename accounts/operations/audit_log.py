"""Takes out of the audit log what need not be known for ever."""

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent


def forget_addresses() -> int:
    """Removes network addresses that are older than the installation keeps; answers how many."""
    before = timezone.now() - settings.KEEP_ADDRESSES
    ApiToken.objects.filter(last_used_at__lt=before).exclude(last_network="").update(
        last_network=""
    )
    return AuditEvent.objects.filter(at__lt=before, address__isnull=False).update(address=None)
