"""An owner's wish to let API tokens publish again, which a second owner has to share."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models import Crate


class OpeningRequest(models.Model):
    """There while the wait for the second owner lasts; the delay begins with their consent."""

    crate = models.OneToOneField(Crate, on_delete=models.CASCADE, related_name="opening_request")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.asked_by} asks to open {self.crate}"
