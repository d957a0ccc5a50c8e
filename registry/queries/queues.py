"""What waits for moderators about crates."""

from accounts.queries.queues import Queue
from registry.models import CrateReview, Report


def queues() -> list[Queue]:
    waiting = CrateReview.objects.waiting()
    return [
        Queue("Open reports", Report.objects.open().count(), "registry_report", "state=open"),
        Queue("New crates to look at", waiting.count(), "registry_cratereview"),
    ]
