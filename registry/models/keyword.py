"""A keyword that crates give themselves, and which crates do."""

from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class Keyword(models.Model):
    """`crates_cnt` repeats how many `crates` there are; kept by operations.topics."""

    keyword = models.CharField(max_length=64, unique=True)  # lower-case
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    crates_cnt = models.PositiveIntegerField(default=0)
    crates = models.ManyToManyField(Crate, related_name="keyword_rows")

    class Meta:
        indexes = [models.Index(fields=["-crates_cnt", "keyword"], name="keyword_by_use")]

    def __str__(self) -> str:
        return self.keyword
