"""What waits for moderators about trusted publishing."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.queries.queues import Queue
from trustpub.models import PendingPublisher
from trustpub.models.pending_publisher import PendingPublisherQuerySet

# A name that somebody meant to publish is published by then.
LONG_UNUSED = timedelta(days=7)


def long_unused() -> PendingPublisherQuerySet:
    """Pending publishers that were registered long ago; whatever publishes becomes a publisher."""
    now = timezone.now()
    latest_end = now + settings.PENDING_PUBLISHER_LIFETIME - LONG_UNUSED
    return PendingPublisher.objects.unexpired(now).filter(expires_at__lt=latest_end)


def queues() -> list[Queue]:
    count = long_unused().count()
    title = "Pending publishers, a week old and never used"
    return [Queue(title, count, "trustpub_pendingpublisher", "unused=long")]
