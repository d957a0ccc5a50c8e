"""One published version of a crate."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Length
from django.utils import timezone

from registry.models.crate import Crate

models.CharField.register_lookup(Length)


class VersionQuerySet(models.QuerySet["Version"]):
    def newest_first(self) -> "VersionQuerySet":
        return self.order_by("-pk")

    def for_rendering(self) -> "VersionQuerySet":
        """With everything that JSON and pages show of a version, in a fixed number of queries."""
        return self.select_related("crate", "published_by", "provenance", "total").prefetch_related(
            "actions__user"
        )


VersionManager = models.Manager.from_queryset(VersionQuerySet)


class VisibleVersions(VersionManager["Version"]):
    """All but those in quarantine, by themselves or with their crate."""

    def get_queryset(self) -> VersionQuerySet:
        return VersionQuerySet(self.model, using=self._db).filter(hidden_at=None)


class Version(models.Model):
    """Its archive is immutable; only `yanked` and the message change after publishing."""

    crate = models.ForeignKey(Crate, on_delete=models.CASCADE, related_name="versions")
    crate_id: int
    num = models.CharField(max_length=150)
    # 1.0.0+a and 1.0.0+b are one version to cargo.
    num_without_build = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    checksum = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    # Of programs that counted here; what came since is in VersionTotal.
    older_downloads = models.BigIntegerField(default=0, db_column="downloads", editable=False)
    yanked = models.BooleanField(default=False)
    yank_message = models.TextField(blank=True)
    # The line of the index, as it is served.
    index_line = models.TextField()

    # What the archive's Cargo.toml says.
    features = models.JSONField(default=dict)
    links = models.CharField(max_length=255, blank=True)
    license = models.TextField(blank=True)
    license_file = models.TextField(blank=True)
    rust_version = models.CharField(max_length=64, blank=True)
    edition = models.CharField(max_length=16, blank=True)
    description = models.TextField(blank=True)
    homepage = models.TextField(blank=True)
    documentation = models.TextField(blank=True)
    repository = models.TextField(blank=True)
    keywords = models.JSONField(default=list)
    categories = models.JSONField(default=list)
    has_lib = models.BooleanField(default=False)
    lib_name = models.CharField(max_length=255, blank=True)
    bin_names = models.JSONField(default=list)
    readme = models.TextField(blank=True)
    readme_file = models.TextField(blank=True)

    # What came with the upload.
    vcs_info = models.JSONField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    # By a moderator; whether it is hidden, for that or with its crate; and since when its archive
    # lies where nothing serves it (operations.quarantine, operations.set_aside).
    quarantined_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)

    objects = VisibleVersions()
    everything = VersionManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["crate", "num_without_build"], name="version_once_per_crate"
            ),
            models.CheckConstraint(
                condition=models.Q(checksum__length=64), name="version_checksum_is_sha256"
            ),
        ]
        indexes = [
            models.Index(fields=["crate", "num"], name="version_crate_num"),
            models.Index(fields=["-created_at"], name="version_created"),
        ]

    def __str__(self) -> str:
        return f"{self.crate}@{self.num}"

    @property
    def downloads(self) -> int:
        """All there ever were; reads `total` unless the query brought it."""
        total = getattr(self, "total", None)
        return self.older_downloads + (total.downloads if total else 0)

    def file_name(self) -> str:
        return f"{self.crate.name}-{self.num}.crate"
