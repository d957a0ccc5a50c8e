"""Finds the tokens whose owners should hear that they end soon."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import ApiToken

NOTICE = timedelta(days=3)
TOKENS_PER_RUN = 10_000


def due_tokens() -> list[int]:
    """Most urgent first: usable, and nobody was told yet."""
    now = timezone.now()
    rows = ApiToken.objects.usable(now).filter(expires_at__lte=now + NOTICE, expiry_told_at=None)
    return list(rows.order_by("expires_at", "pk").values_list("pk", flat=True)[:TOKENS_PER_RUN])


def claim(token_id: int) -> ApiToken | None:
    """The token for whoever is to tell of it; None where another worker was first."""
    rows = ApiToken.objects.usable().filter(pk=token_id, expiry_told_at=None)
    if not rows.update(expiry_told_at=timezone.now()):
        return None
    return ApiToken.objects.select_related("user").get(pk=token_id)


def give_back(token: ApiToken) -> None:
    """The letter did not go out; the next run tries again."""
    ApiToken.objects.filter(pk=token.pk).update(expiry_told_at=None)
