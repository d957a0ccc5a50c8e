"""Repositories, and owners of repositories, whose jobs get nothing here (reference, g.3)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer


class BlockedSourceQuerySet(models.QuerySet["BlockedSource"]):
    def of(
        self, issuer: Issuer | models.OuterRef, repository_id: str, owner_id: str
    ) -> "BlockedSourceQuerySet":
        """Those that stop jobs of this repository; an id that is not known stops nothing."""
        same_repository = models.Q(repository_id=repository_id) & ~models.Q(repository_id="")
        same_owner = models.Q(owner_id=owner_id) & ~models.Q(owner_id="")
        return self.filter(same_repository | same_owner, issuer=issuer)


class BlockedSource(models.Model):
    """By the forge's number of a repository, or of the owner of many."""

    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="blocked_sources")
    repository_id = models.CharField("number of the repository", max_length=64, blank=True)
    owner_id = models.CharField("or number of the owner", max_length=64, blank=True)
    # For administrators; nobody else is shown it.
    reason = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[BlockedSourceQuerySet] = BlockedSourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "blocked repository or owner"
        verbose_name_plural = "blocked repositories and owners"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "repository_id", "owner_id"], name="blocked_source_once"
            ),
            models.CheckConstraint(
                condition=models.Q(repository_id="") ^ models.Q(owner_id=""),
                name="blocked_source_is_repository_or_owner",
                violation_error_message="Fill in one of the two numbers.",
            ),
        ]

    def __str__(self) -> str:
        what = (
            f"repository {self.repository_id}" if self.repository_id else f"owner {self.owner_id}"
        )
        return f"{what} on {self.issuer}"
