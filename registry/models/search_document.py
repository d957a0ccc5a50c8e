"""What a crate is found by."""

from django.db import models

from registry.models.crate import Crate

# How many tiers of popular crates there are; settings.SEARCH_TIERS says how large each is.
REST = 14


class SearchDocument(models.Model):
    """One per crate, in the words of formats.search_text; kept by operations.search_document.

    The database keeps an index of it by itself: PostgreSQL one of an expression (migration
    search_lexemes) and a generated column, SQLite FTS5 tables by triggers. A later migration that
    makes SQLite build this table anew has to make the triggers again.
    """

    crate = models.OneToOneField(
        Crate, primary_key=True, on_delete=models.CASCADE, related_name="search_document"
    )
    name = models.TextField()
    keywords = models.TextField()
    description = models.TextField()
    readme = models.TextField()
    # A search may look through one tier and those before it alone; all but REST are popular ones.
    tier = models.PositiveSmallIntegerField(
        db_column="popularity_tier", default=REST, db_default=REST, editable=False
    )

    def __str__(self) -> str:
        return self.name
