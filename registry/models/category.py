"""One of the fixed categories, and which crates are filed under it."""

from django.db import models
from django.utils import timezone

from registry.models.crate import Crate


class Category(models.Model):
    """A slug names its parents: `science::geo` lies in `science`.

    `crates_cnt` repeats how many `crates` there are, without those of subcategories.
    """

    slug = models.CharField(max_length=128, unique=True)
    name = models.CharField(max_length=128)  # of the slug's last part
    description = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    crates_cnt = models.PositiveIntegerField(default=0)
    crates = models.ManyToManyField(Crate, related_name="category_rows")

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.slug
