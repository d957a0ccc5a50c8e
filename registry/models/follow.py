"""Who follows a crate to hear of its new versions."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class Follow(models.Model):
    """The versions of followed crates are what `me/updates` lists."""

    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="follows")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "crate"], name="user_follows_once")]

    def __str__(self) -> str:
        return f"{self.user} follows {self.crate}"
