"""How often versions were downloaded, and what has been counted already."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils import timezone

from registry.models.version import Version


class VersionDownloadQuerySet(models.QuerySet["VersionDownload"]):
    def between(self, first: date, last: date) -> "VersionDownloadQuerySet":
        """Both days included."""
        return self.filter(date__gte=first, date__lte=last)


class VersionDownload(models.Model):
    """The downloads of one version on one day in UTC; totals are repeated."""

    version = models.ForeignKey(
        Version, on_delete=models.CASCADE, related_name="download_counts", db_index=False
    )
    version_id: int
    date = models.DateField(db_index=True)
    downloads = models.BigIntegerField()

    objects: ClassVar[VersionDownloadQuerySet] = VersionDownloadQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "date"], name="download_count_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.date}: {self.downloads}"


class VersionTotal(models.Model):
    """The downloads of a version in all; none for one that nobody asked for.

    A narrow row of its own, since counting writes to many of them, and a version's row is wide.
    """

    version = models.OneToOneField(
        Version, primary_key=True, on_delete=models.CASCADE, related_name="total"
    )
    version_id: int
    downloads = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.version}: {self.downloads}"


class DownloadTotals(models.Model):
    """One row, whose lock lets one count after the other be added.

    `Crate.recent_downloads` holds the days from `recent_since` on.
    """

    ONLY = 1

    total = models.BigIntegerField(default=0)
    recent_since = models.DateField()

    class Meta:
        verbose_name_plural = "download totals"

    def __str__(self) -> str:
        return f"{self.total} downloads"


class CountedFile(models.Model):
    """A file whose downloads are in the counts: the row commits with them.

    `name` is a spool file's own, or `sha256:` and the digest of a log's text.
    """

    class Kind(models.TextChoices):
        SPOOL = "spool"
        LOG = "log"

    name = models.CharField(max_length=128, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    counted_at = models.DateTimeField(default=timezone.now)
    # Of a log: the digest of its first line, how long it was, and how much of that is counted.
    # Without a length it is counted whole, by an earlier release.
    first_line = models.CharField(max_length=64, blank=True, default="", db_default="")
    length = models.BigIntegerField(null=True, blank=True)
    offset = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "counted_at"], name="counted_file_age"),
            models.Index(
                fields=["first_line"],
                name="counted_file_first_line",
                condition=~models.Q(first_line=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name
