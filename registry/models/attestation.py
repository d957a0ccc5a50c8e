"""A signed statement about a version, from the CI job that published it."""

from typing import Any

from django.db import models
from django.db.models.functions import Length
from django.utils import timezone

from registry.models.version import Version

models.BinaryField.register_lookup(Length)


class Attestation(models.Model):
    """The bundle as it was sent, and what verifying it last said; deleted with its version alone.

    `facts` are what a verified bundle proved: the claims of the certificate, the place in the log.
    """

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="attestations")
    version_id: int
    predicate_type = models.CharField(max_length=255)
    bundle = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    # By which program, against which root of trust, and when for the last time.
    verifier = models.CharField(max_length=64)
    root = models.CharField(max_length=255)
    verified_at = models.DateTimeField()
    # When the signature was made, as the log or a timestamp authority says.
    signed_at = models.DateTimeField()
    facts: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    # Why it does not verify any more; empty while it does.
    failure = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "predicate_type"], name="attestation_once_per_predicate"
            ),
            models.CheckConstraint(
                condition=models.Q(sha256__length=64), name="attestation_digest_is_sha256"
            ),
            models.CheckConstraint(
                condition=models.Q(failure="") | models.Q(failed_at__isnull=False),
                name="attestation_failure_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predicate_type} of {self.version}"

    @property
    def is_verified(self) -> bool:
        return not self.failure
