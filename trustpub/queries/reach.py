"""What a publish token still stands on."""

from django.db.models import Q
from django.utils import timezone

from accounts.scopes import Scope
from trustpub.models import Issuer, Publisher, PublishToken


def still_stands(token: PublishToken) -> bool:
    """Whether anything that it was granted for is in force; a token dies with its rules (d.4)."""
    rules = (
        Q(reader__isnull=False)
        | Q(publishers__state=Publisher.State.ACTIVE)
        | Q(pending_publishers__expires_at__gt=timezone.now())
    )
    standing = PublishToken.objects.filter(rules, pk=token.pk, issuer__in=Issuer.objects.honoured())
    return standing.exists() or _has_become_real(token)


def _has_become_real(token: PublishToken) -> bool:
    """Whether a job that came to read has founded its crate meanwhile, with another token."""
    if Scope.READ not in token.scopes:
        return False
    return Publisher.objects.filter(
        issuer__in=Issuer.objects.honoured().filter(pk=token.issuer_id),
        repository_id=token.workload["repository_id"],
        state=Publisher.State.ACTIVE,
    ).exists()
