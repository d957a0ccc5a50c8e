"""ID tokens that were exchanged already (trusted-publishing reference, a.10)."""

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer


class SpentIdToken(models.Model):
    """The unique constraint decides a replay, not a look-up before."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="spent_id_tokens")
    # `jti`, or a digest of the signed content for issuers without one.
    key = models.CharField(max_length=255)
    spent_at = models.DateTimeField(default=timezone.now, editable=False)
    # Outlasts the last moment at which the ID token would be accepted.
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "key"], name="id_token_spent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.issuer}: {self.key}"
