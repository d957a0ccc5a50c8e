"""Deletes what trusted publishing no longer needs, and keeps what it still does."""

from django.conf import settings
from django.utils import timezone

from trustpub.models import ExchangeRefusal, PublishToken, SpentIdToken


def clean_up() -> None:
    """Safe to run at any time: a spent ID token is kept as long as it could be replayed."""
    now = timezone.now()
    SpentIdToken.objects.filter(expires_at__lt=now).delete()
    # Expired tokens and refusals are evidence for a while (d.3, g.2), with the job's claims.
    PublishToken.objects.filter(expires_at__lt=now - settings.KEEP_EXPIRED_TOKENS).delete()
    ExchangeRefusal.objects.filter(at__lt=now - settings.KEEP_REFUSED_EXCHANGES).delete()
