"""Where somebody is signed in: one row per browser, whose end is the end of the session."""

from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class BrowserSession(AbstractBaseSession):
    """`session_key` is a digest: who reads the table cannot make a cookie of it."""

    session_key = models.CharField(max_length=64, primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    # Of the last request that was noted.
    address = models.GenericIPAddressField(null=True, editable=False)
    user_agent = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["user", "-last_seen_at"], name="session_user_seen")]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store
