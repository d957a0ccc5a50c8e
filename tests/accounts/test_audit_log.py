"""What the audit log forgets."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent
from accounts.tasks import forget_addresses


def test_addresses_go_and_events_stay(db: None, settings: Settings) -> None:
    now = timezone.now()
    kept = settings.KEEP_ADDRESSES
    for minutes in (-1, 1):
        AuditEvent.objects.create(
            at=now - kept + timedelta(minutes=minutes), name="x", address="192.0.2.7"
        )

    for _ in range(2):
        forget_addresses()

    assert list(AuditEvent.objects.order_by("at").values_list("address", flat=True)) == [
        None,
        "192.0.2.7",
    ]


@pytest.mark.parametrize("days", [1, 400])
def test_how_long_is_the_operators_choice(db: None, settings: Settings, days: int) -> None:
    settings.KEEP_ADDRESSES = timedelta(days=days)
    AuditEvent.objects.create(at=timezone.now() - timedelta(days=30), name="x", address="192.0.2.7")

    forget_addresses()

    assert AuditEvent.objects.filter(address=None).exists() == (days == 1)
