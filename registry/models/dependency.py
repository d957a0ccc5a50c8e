"""What a version needs."""

from django.db import models

from registry.models.version import Version


class Dependency(models.Model):
    """`name` is the crate's real name; `alias` what the dependent calls it."""

    class Kind(models.TextChoices):
        NORMAL = "normal"
        BUILD = "build"
        DEV = "dev"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="dependencies")
    name = models.CharField(max_length=64)
    canonical_name = models.CharField(max_length=64, db_index=True)
    alias = models.CharField(max_length=64, blank=True)
    requirement = models.TextField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    target = models.TextField(blank=True)
    optional = models.BooleanField(default=False)
    default_features = models.BooleanField(default=True)
    features = models.JSONField(default=list)
    # Empty: this registry; else the index of another one.
    registry_index = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "dependencies"

    def __str__(self) -> str:
        return f"{self.name} {self.requirement}"
