"""Deletes what trusted publishing no longer needs, and keeps what it still does."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from trustpub.models import ExchangeRefusal, PublishToken, SpentIdToken
from trustpub.operations.grant import CiWorkload
from trustpub.operations.unknown_claims import forget_unknown_claims

# Rows of one transaction, and transactions of one run; the clock comes back.
AT_ONCE = 1000
BATCHES = 1000
EXPIRED_UNUSED = "expired unused"


def clean_up() -> None:
    """Safe to run at any time: a spent ID token is kept as long as it could be replayed."""
    now = timezone.now()
    _delete(SpentIdToken.objects.filter(expires_at__lt=now))
    _note_unused()
    # Expired tokens and refusals are evidence for a while (d.3, g.2), with the job's claims.
    _delete(PublishToken.objects.filter(expires_at__lt=now - settings.KEEP_EXPIRED_TOKENS))
    _delete(ExchangeRefusal.objects.filter(at__lt=now - settings.KEEP_REFUSED_EXCHANGES))
    forget_unknown_claims()


def _delete(rows: QuerySet[Any]) -> None:
    """Few at a time, so that no exchange waits long for the clock; what is left, next time."""
    for _ in range(BATCHES):
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        rows.filter(pk__in=ids).delete()
        if len(ids) < AT_ONCE:
            return


def _note_unused() -> None:
    """A token that nobody used shows a job that broke after its exchange, or a guess at one."""
    unused = PublishToken.objects.filter(
        expires_at__lt=timezone.now(), revoked_at=None, use_count=0, revoked_because=""
    )
    for token in unused.order_by("pk")[:AT_ONCE]:
        with transaction.atomic():
            still = PublishToken.objects.filter(pk=token.pk, revoked_because="")
            if still.update(revoked_because=EXPIRED_UNUSED):
                workload = CiWorkload(token.typed_workload())
                audit.record("publish_token.expired_unused", actor=workload, subject=str(token))
