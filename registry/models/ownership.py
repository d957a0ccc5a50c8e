"""Who owns a crate: people, and teams of a forge."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class Team(models.Model):
    """A team of a GitHub organisation; members have publish rights, no more."""

    login = models.CharField(max_length=255, unique=True)  # github:org:team
    github_id = models.BigIntegerField(unique=True)
    organization_id = models.BigIntegerField()
    name = models.CharField(max_length=255, blank=True)
    avatar_url = models.URLField(blank=True)
    # No crate of the team takes new versions from API tokens; `ends_at` as for crates.
    trustpub_only = models.BooleanField(default=False)
    trustpub_only_ends_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.login

    @property
    def organization(self) -> str:
        """As it was called when the team was added."""
        return self.login.split(":")[1]

    def give_up_login(self) -> None:
        """For another team that is called so now; owners still find this one by its number."""
        self.login = f"{self.login}:{self.github_id}"
        self.save(update_fields=["login"])


class Ownership(models.Model):
    """Exactly one of `user` and `team`."""

    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="ownerships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="ownerships"
    )
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="ownerships")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    # Letters about new versions of this crate.
    email_notifications = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(team=None), name="owner_is_user_or_team"
            ),
            models.UniqueConstraint(fields=["crate", "user"], name="user_owns_once"),
            models.UniqueConstraint(fields=["crate", "team"], name="team_owns_once"),
        ]

    def __str__(self) -> str:
        return f"{self.login} owns {self.crate}"

    @property
    def login(self) -> str:
        owner = self.user or self.team
        assert owner
        return owner.login
