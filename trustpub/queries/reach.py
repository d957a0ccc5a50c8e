"""What a publish token still stands on."""

from django.db.models import Q
from django.utils import timezone

from trustpub.models import Issuer, Publisher, PublishToken


def still_stands(token: PublishToken) -> bool:
    """Whether anything that it was granted for is in force; a token dies with its rules (d.4)."""
    rules = (
        Q(reader__isnull=False)
        | Q(publishers__state=Publisher.State.ACTIVE)
        | Q(pending_publishers__expires_at__gt=timezone.now())
    )
    standing = PublishToken.objects.filter(rules, pk=token.pk, issuer__in=Issuer.objects.enabled())
    return standing.exists()
