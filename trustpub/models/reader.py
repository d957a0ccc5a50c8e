"""A reader: the CI jobs of one organisation, or of one repository, may read a private registry."""

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer


class Reader(models.Model):
    """Goes by the forge's numbers alone (d.8); the names are for people."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="readers")
    owner = models.CharField(max_length=255)
    owner_id = models.CharField(max_length=32)
    # Empty: every repository of the owner.
    repository = models.CharField(max_length=255, blank=True)
    repository_id = models.CharField(max_length=32, blank=True)
    # Code that nobody has reviewed yet may read as well.
    pull_requests = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "owner_id", "repository_id"], name="reader_once_per_issuer"
            ),
            models.CheckConstraint(condition=~models.Q(owner_id=""), name="reader_has_an_owner_id"),
        ]

    def __str__(self) -> str:
        what = f"{self.owner}/{self.repository}" if self.repository_id else f"all of {self.owner}"
        return f"{what} on {self.issuer}"

    def facts(self) -> dict[str, object]:
        """For the audit log."""
        names = ("owner", "owner_id", "repository", "repository_id", "pull_requests")
        return {"issuer": self.issuer.url} | {name: getattr(self, name) for name in names}
