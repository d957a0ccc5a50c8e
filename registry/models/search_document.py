"""What a crate is found by."""

from django.db import models

from registry.models.crate import Crate

# How many tiers of popular crates there are; settings.SEARCH_TIERS says how large each is.
REST = 4


class SearchDocument(models.Model):
    """One per crate, in the words of formats.search_text; kept by operations.search_document.

    The database keeps an index of it by itself (migration search_index): PostgreSQL in generated
    columns, SQLite in two FTS5 tables by triggers. A later migration that makes SQLite build this
    table anew has to make the triggers again.
    """

    crate = models.OneToOneField(
        Crate, primary_key=True, on_delete=models.CASCADE, related_name="search_document"
    )
    name = models.TextField()
    keywords = models.TextField()
    description = models.TextField()
    readme = models.TextField()
    # Each tier but REST has indexes of its own, of the crates in it and in those before it.
    tier = models.PositiveSmallIntegerField(default=REST, db_default=REST, editable=False)

    def __str__(self) -> str:
        return self.name
