"""A person with an account."""

from datetime import datetime
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from adapters.compiled import CompiledQuery


def verified_addresses(user: Any) -> "models.QuerySet[EmailAddress]":
    """At most one of an account, which is an expression or a key."""
    rows: models.QuerySet[EmailAddress] = EmailAddress.objects.filter(user=user, verified=True)
    return rows.order_by("-primary", "pk")[:1]


_VERIFIED = CompiledQuery(verified_addresses, user=int)


class UserManager(BaseUserManager["User"]):
    """Accounts are found by login without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(login__iexact=username)

    def with_login(self, login: str) -> "User | None":
        return self.filter(login__iexact=login).first()

    def create_superuser(self, login: str, password: str, **fields: Any) -> "User":
        user = self.model(login=login, is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """The GitHub id is who somebody is; the login is only what they are called today."""

    login = models.CharField(max_length=64, unique=True)
    github_id = models.BigIntegerField(null=True, blank=True, unique=True)
    name = models.CharField(max_length=255, blank=True)
    email = models.EmailField(blank=True)
    avatar_url = models.URLField(blank=True)
    # Letters about new versions of own crates.
    publish_notifications = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_until = models.DateTimeField(null=True, blank=True)
    lock_reason = models.CharField(max_length=255, blank=True)
    # Nobody sees what it alone owns, and it may not act.
    quarantined_at = models.DateTimeField(null=True, blank=True)
    quarantine_reason = models.CharField(max_length=255, blank=True, default="", db_default="")
    # May act for the registry in the admin (accounts.powers).
    moderator_since = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    # Set where a query brought the verified address with the row.
    found_email: str | None

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("login"), name="user_login_without_case"),
            models.CheckConstraint(condition=~models.Q(login=""), name="user_login_not_empty"),
        ]

    def __str__(self) -> str:
        return self.login

    def get_short_name(self) -> str:
        return self.login

    def get_full_name(self) -> str:
        return self.name or self.login

    # What the audit log asks of whoever acts.

    @property
    def kind(self) -> str:
        return "person"

    @property
    def identifier(self) -> str:
        return str(self.pk)

    @property
    def label(self) -> str:
        return self.login

    @property
    def picture(self) -> str:
        """Where browsers may fetch the avatar; empty unless AVATAR_SITES has that site."""
        site = "/".join(self.avatar_url.split("/")[:3])
        return self.avatar_url if site in settings.AVATAR_SITES else ""

    def is_locked(self, now: datetime | None = None) -> bool:
        """Whether it may not act; quarantine is a lock, too."""
        if self.quarantined_at is not None:
            return True
        if self.locked_at is None:
            return False
        return self.locked_until is None or self.locked_until > (now or timezone.now())

    @property
    def shut_because(self) -> str:
        return self.quarantine_reason if self.quarantined_at else self.lock_reason

    @property
    def shut_until(self) -> datetime | None:
        """None: until a moderator opens it; a quarantine outlasts a lock."""
        return None if self.quarantined_at else self.locked_until

    def verified_email(self) -> str | None:
        """The primary verified address, else any verified one."""
        if "found_email" in self.__dict__:
            return self.found_email
        address = _VERIFIED.first(user=self.pk)
        return address.email if address else None

    def any_email(self) -> str | None:
        """Where to warn this person: an address that was never confirmed, if there is no other."""
        address = (
            EmailAddress.objects.filter(user=self).order_by("-verified", "-primary", "pk").first()
        )
        return address.email if address else self.email or None
