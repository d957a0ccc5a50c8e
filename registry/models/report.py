"""What somebody says is wrong with a crate, until a moderator has decided about it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models.crate import Crate

LONGEST_REPORT = 4000


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> "ReportQuerySet":
        return self.filter(state=Report.State.OPEN)


class Report(models.Model):
    """Outlives crate and reporter: what was decided stays on record."""

    class Category(models.TextChoices):
        MALWARE = "malware", "It does harm: steals, spies, destroys"
        TYPOSQUAT = "typosquat", "Its name is meant to be mistaken for another's"
        NAME = "name", "Its name is somebody else's, by right or by use"
        LICENSE = "license", "It breaks a licence or a copyright"
        OTHER = "other", "Something else"

    class State(models.TextChoices):
        OPEN = "open"
        ACTED_ON = "acted_on", "acted on"
        DISMISSED = "dismissed"

    crate = models.ForeignKey(Crate, on_delete=models.SET_NULL, null=True, related_name="reports")
    # As it was spelled, also when it is gone.
    crate_name = models.CharField(max_length=64)
    # Empty: all of the crate.
    num = models.CharField("version", max_length=150, blank=True)
    category = models.CharField(max_length=16, choices=Category)
    text = models.TextField(max_length=LONGEST_REPORT)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reports"
    )
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # What the reporter was told.
    answer = models.TextField(blank=True)

    objects: ClassVar[ReportQuerySet] = ReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "crate_name"],
                condition=models.Q(state="open"),
                name="one_open_report_of_each",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", resolved_at=None)
                | (~models.Q(state="open") & models.Q(resolved_at__isnull=False)),
                name="report_resolved_or_open",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="report_queue")]

    def __str__(self) -> str:
        return f"{self.crate_name}: {self.get_category_display()}"
