"""Names that nobody can give to a crate."""

from django.db import models


class ReservedName(models.Model):
    """Compared in canonical form."""

    canonical_name = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.canonical_name
