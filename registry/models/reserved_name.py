"""Names that nobody can give to a crate."""

from fnmatch import fnmatchcase
from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.formats.names import canonical


class ReservedNameQuerySet(models.QuerySet["ReservedName"]):
    def reserves(self, name: str) -> bool:
        """Whether the name is in the list, or fits a pattern of it; one query."""
        rows = self.that_may_reserve(canonical(name))
        return any(row.fits(name) for row in rows.only("canonical_name"))

    def that_may_reserve(self, canonical_name: object) -> "ReservedNameQuerySet":
        """The name itself, also as an expression, and all patterns."""
        return self.filter(Q(canonical_name=canonical_name) | Q(canonical_name__contains="*"))


class ReservedName(models.Model):
    """In canonical form; `*` stands for any characters."""

    canonical_name = models.CharField("name or pattern", max_length=64, unique=True)
    reason = models.CharField(max_length=255)

    objects: ClassVar[ReservedNameQuerySet] = ReservedNameQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.canonical_name

    def fits(self, name: str) -> bool:
        # Names hold none of the other characters that mean something to it.
        return fnmatchcase(canonical(name), self.canonical_name)
