"""Deletes what trusted publishing no longer needs, and keeps what it still does."""

from datetime import timedelta

from django.utils import timezone

from trustpub.models import ExchangeRefusal, PublishToken, SpentIdToken

# Expired tokens and refusals are evidence for a while (d.3, g.2).
KEPT = timedelta(days=30)


def clean_up() -> None:
    """Safe to run at any time: a spent ID token is kept as long as it could be replayed."""
    now = timezone.now()
    SpentIdToken.objects.filter(expires_at__lt=now).delete()
    PublishToken.objects.filter(expires_at__lt=now - KEPT).delete()
    ExchangeRefusal.objects.filter(at__lt=now - KEPT).delete()
