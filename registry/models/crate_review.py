"""A new crate that moderators should look at once, and what its name looks like."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class CrateReviewQuerySet(models.QuerySet["CrateReview"]):
    def waiting(self) -> "CrateReviewQuerySet":
        return self.filter(looked_at=None)


class CrateReview(models.Model):
    """Made once, when the crate's first version was published; the score is not computed again."""

    crate = models.OneToOneField(Crate, on_delete=models.CASCADE, related_name="review")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # 0 to 100, see registry.formats.lookalike.
    score = models.PositiveSmallIntegerField(default=0)
    resembles = models.CharField(max_length=64, blank=True)
    why = models.CharField(max_length=255, blank=True)
    looked_at = models.DateTimeField(null=True, editable=False)
    looked_at_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects: ClassVar[CrateReviewQuerySet] = CrateReviewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "new crate"
        indexes = [models.Index(fields=["looked_at", "-score"], name="review_queue")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=100), name="review_score_in_range"
            )
        ]

    def __str__(self) -> str:
        return f"{self.crate}: {self.why} ({self.resembles})" if self.why else str(self.crate)
