"""With what Waybill asks GitHub about somebody's teams, in their name."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.user import User
from accounts.sealed_text import seal, unseal

PURPOSE = "GitHub token"


class GitHubToken(models.Model):
    """The OAuth token of the last sign-in; apart from User, so that few queries touch it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="github_token"
    )
    sealed = models.TextField(editable=False)
    saved_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"GitHub token of {self.user}"

    @classmethod
    def keep(cls, user: User, token: str) -> None:
        """In place of the former one."""
        cls.objects.update_or_create(
            user=user, defaults={"sealed": seal(token, PURPOSE), "saved_at": timezone.now()}
        )

    @classmethod
    def text_of(cls, user: User) -> str | None:
        """None for somebody who has not signed in with GitHub, or not with today's SECRET_KEY."""
        kept = cls.objects.filter(user=user).first()
        return unseal(kept.sealed, PURPOSE) if kept else None
