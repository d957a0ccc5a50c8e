"""The most downloaded crates have search indexes of their own, in which common words are quick."""

from django.db import migrations, models, transaction

from adapters.migrating import build_index, has_column

TIERS = 4
# Not by the schema editor, which would make the table anew on SQLite, without its triggers.
ADD = f"ALTER TABLE registry_searchdocument ADD COLUMN {{}} tier smallint NOT NULL DEFAULT {TIERS}"
POSTGRESQL = """
ON registry_searchdocument
USING gin (
    to_tsvector(
        'registry_search'::regconfig,
        name || ' ' || keywords || ' ' || description || ' ' || readme
    )
) WITH (fastupdate = off) WHERE tier <= {tier}
"""
_REMOVE = """
    INSERT INTO registry_search_words_{tier}(
        registry_search_words_{tier}, rowid, name, keywords, description, readme
    ) SELECT 'delete', old.crate_id, old.name, old.keywords, old.description, old.readme
    WHERE old.tier <= {tier};
    INSERT INTO registry_search_names_{tier}(registry_search_names_{tier}, rowid, name)
    SELECT 'delete', old.crate_id, old.name WHERE old.tier <= {tier};
"""
_ADD = """
    INSERT INTO registry_search_words_{tier}(rowid, name, keywords, description, readme)
    SELECT new.crate_id, new.name, new.keywords, new.description, new.readme
    WHERE new.tier <= {tier};
    INSERT INTO registry_search_names_{tier}(rowid, name)
    SELECT new.crate_id, new.name WHERE new.tier <= {tier};
"""
SQLITE = (
    """
    CREATE VIRTUAL TABLE registry_search_words_{tier} USING fts5(
        name, keywords, description, readme, content = '', tokenize = 'porter unicode61'
    )
    """,
    """
    CREATE VIRTUAL TABLE registry_search_names_{tier} USING fts5(
        name, content = '', tokenize = 'trigram'
    )
    """,
    f"""
    CREATE TRIGGER registry_search_added_{{tier}} AFTER INSERT ON registry_searchdocument
    WHEN new.tier <= {{tier}} BEGIN {_ADD} END
    """,
    f"""
    CREATE TRIGGER registry_search_removed_{{tier}} AFTER DELETE ON registry_searchdocument
    WHEN old.tier <= {{tier}} BEGIN {_REMOVE} END
    """,
    f"""
    CREATE TRIGGER registry_search_changed_{{tier}} AFTER UPDATE ON registry_searchdocument
    WHEN old.tier <= {{tier}} OR new.tier <= {{tier}} BEGIN {_REMOVE} {_ADD} END
    """,
)
# A change of the tier alone is none for the index of all crates.
SQLITE_CHANGED = """
    CREATE TRIGGER registry_search_changed
    AFTER UPDATE OF name, keywords, description, readme ON registry_searchdocument
    BEGIN
    INSERT INTO registry_search_words(
        registry_search_words, rowid, name, keywords, description, readme
    ) VALUES ('delete', old.crate_id, old.name, old.keywords, old.description, old.readme);
    INSERT INTO registry_search_names(registry_search_names, rowid, name)
    VALUES ('delete', old.crate_id, old.name);
    INSERT INTO registry_search_words(rowid, name, keywords, description, readme)
    VALUES (new.crate_id, new.name, new.keywords, new.description, new.readme);
    INSERT INTO registry_search_names(rowid, name) VALUES (new.crate_id, new.name);
    END
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        if not has_column(schema_editor, "registry_searchdocument", "tier"):
            _create_tables(schema_editor)
        return
    schema_editor.execute(ADD.format("IF NOT EXISTS"))
    for tier in range(TIERS):
        build_index(schema_editor, f"registry_search_words_{tier}", POSTGRESQL.format(tier=tier))


@transaction.atomic
def _create_tables(schema_editor):
    schema_editor.execute(ADD.format(""))
    schema_editor.execute("DROP TRIGGER registry_search_changed")
    schema_editor.execute(SQLITE_CHANGED)
    for tier in range(TIERS):
        for statement in SQLITE:
            schema_editor.execute(statement.format(tier=tier))


def drop(apps, schema_editor):
    for tier in range(TIERS):
        if schema_editor.connection.vendor == "sqlite":
            for name in ("added", "removed", "changed"):
                schema_editor.execute(f"DROP TRIGGER registry_search_{name}_{tier}")
            schema_editor.execute(f"DROP TABLE registry_search_words_{tier}")
            schema_editor.execute(f"DROP TABLE registry_search_names_{tier}")
        else:
            schema_editor.execute(f"DROP INDEX IF EXISTS registry_search_name_trigrams_{tier}")
            schema_editor.execute(f"DROP INDEX registry_search_words_{tier}")
    schema_editor.execute("ALTER TABLE registry_searchdocument DROP COLUMN tier")


class Migration(migrations.Migration):
    # PostgreSQL builds an index beside the work only outside of a transaction.
    atomic = False
    dependencies = [("registry", "0017_crate_reviews")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create, drop)],
            state_operations=[
                migrations.AddField(
                    "searchdocument",
                    "tier",
                    models.PositiveSmallIntegerField(
                        db_default=TIERS, default=TIERS, editable=False
                    ),
                )
            ],
        ),
    ]
