"""What crates are found by, and the index that each database keeps of it by itself."""

import django.db.models.deletion
from django.db import migrations, models

# The stemmer is the one of SQLite's FTS5, and like there no word is left out, so that both
# databases find the same. All words stand in an index of an expression, not of a column, since the
# planner takes reading a column row by row for cheap. A publish may wait for a GIN index; with
# fastupdate every search would.
POSTGRESQL = """
CREATE TEXT SEARCH DICTIONARY registry_porter (TEMPLATE = pg_catalog.snowball, LANGUAGE = porter);
CREATE TEXT SEARCH CONFIGURATION registry_search (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION registry_search
    ALTER MAPPING FOR asciiword, word, numword WITH registry_porter;
ALTER TABLE registry_searchdocument
    ADD COLUMN summary_words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('registry_search'::regconfig, name), 'A') ||
        setweight(to_tsvector('registry_search'::regconfig, keywords), 'B') ||
        setweight(to_tsvector('registry_search'::regconfig, description), 'C')
    ) STORED;
CREATE INDEX registry_search_words ON registry_searchdocument USING gin (
    to_tsvector(
        'registry_search'::regconfig,
        name || ' ' || keywords || ' ' || description || ' ' || readme
    )
) WITH (fastupdate = off);
"""
POSTGRESQL_BACK = """
DROP INDEX IF EXISTS registry_search_name_trigrams;
DROP INDEX registry_search_words;
ALTER TABLE registry_searchdocument DROP COLUMN summary_words;
DROP TEXT SEARCH CONFIGURATION registry_search;
DROP TEXT SEARCH DICTIONARY registry_porter;
"""
_REMOVE = """
    INSERT INTO registry_search_words(
        registry_search_words, rowid, name, keywords, description, readme
    ) VALUES ('delete', old.crate_id, old.name, old.keywords, old.description, old.readme);
    INSERT INTO registry_search_names(registry_search_names, rowid, name)
    VALUES ('delete', old.crate_id, old.name);
"""
_ADD = """
    INSERT INTO registry_search_words(rowid, name, keywords, description, readme)
    VALUES (new.crate_id, new.name, new.keywords, new.description, new.readme);
    INSERT INTO registry_search_names(rowid, name) VALUES (new.crate_id, new.name);
"""
SQLITE = (
    """
    CREATE VIRTUAL TABLE registry_search_words USING fts5(
        name, keywords, description, readme, content = 'registry_searchdocument',
        content_rowid = 'crate_id', tokenize = 'porter unicode61'
    )
    """,
    """
    CREATE VIRTUAL TABLE registry_search_names USING fts5(
        name, content = 'registry_searchdocument', content_rowid = 'crate_id',
        tokenize = 'trigram'
    )
    """,
    f"""
    CREATE TRIGGER registry_search_added AFTER INSERT ON registry_searchdocument
    BEGIN {_ADD} END
    """,
    f"""
    CREATE TRIGGER registry_search_removed AFTER DELETE ON registry_searchdocument
    BEGIN {_REMOVE} END
    """,
    f"""
    CREATE TRIGGER registry_search_changed AFTER UPDATE ON registry_searchdocument
    BEGIN {_REMOVE} {_ADD} END
    """,
)
SQLITE_BACK = (
    "DROP TRIGGER registry_search_added",
    "DROP TRIGGER registry_search_removed",
    "DROP TRIGGER registry_search_changed",
    "DROP TABLE registry_search_words",
    "DROP TABLE registry_search_names",
)


def create_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(POSTGRESQL)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE_BACK:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(POSTGRESQL_BACK)


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_deleted_crates")]
    operations = [
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "crate",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_document",
                        serialize=False,
                        to="registry.crate",
                    ),
                ),
                ("name", models.TextField()),
                ("keywords", models.TextField()),
                ("description", models.TextField()),
                ("readme", models.TextField()),
            ],
        ),
        migrations.RunPython(create_index, drop_index),
    ]
