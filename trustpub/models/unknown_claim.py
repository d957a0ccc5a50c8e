"""Claims that an issuer's ID tokens carry and that its provider does not know (g.5)."""

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer

LONGEST_NAME = 100


class UnknownClaim(models.Model):
    """The name alone: a value may say who somebody is. Both moments are exact to a day."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="unknown_claims")
    name = models.CharField(max_length=LONGEST_NAME)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "name"], name="unknown_claim_once"),
        ]

    def __str__(self) -> str:
        return self.name
