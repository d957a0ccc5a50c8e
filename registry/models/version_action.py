"""Who published, yanked or un-yanked a version; shown as `audit_actions`."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.version import Version


class VersionAction(models.Model):
    """Only what people did: a CI job's publish has no row here (crates-io-api 2.8)."""

    class Action(models.TextChoices):
        PUBLISH = "publish"
        YANK = "yank"
        UNYANK = "unyank"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="actions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    api_token_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=8, choices=Action.choices)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.version}"
