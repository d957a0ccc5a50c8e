"""What a crate is found by."""

from django.db import models

from registry.models.crate import Crate

# So many crates, the most downloaded lately, have search indexes of their own. Of a word that is in
# every fourth crate the first hold enough to fill a search, of most other words the second.
TIERS = (4_000, 32_000)


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
    # 0 for the most downloaded crates, 1 for the next ones, 2 for all others. Each of the first
    # two has indexes of its own and of those before it (operations.search_tiers).
    tier = models.PositiveSmallIntegerField(default=2, db_default=2, editable=False)

    def __str__(self) -> str:
        return self.name
