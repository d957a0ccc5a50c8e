"""One search index on PostgreSQL, in which tiers of popular crates are as fine as one likes.

The column is a new one, since the program before this one goes on with its tiers while both run;
a later migration may drop `tier`.
"""

from django.db import migrations, models, transaction

from adapters.migrating import build_index, has_column

REST = 14
# Not by the schema editor, which would make the table anew on SQLite, without its triggers.
ADD = (
    "ALTER TABLE registry_searchdocument "
    f"ADD COLUMN {{}} popularity_tier smallint NOT NULL DEFAULT {REST}"
)
# Former tier -> the new one of about that size.
FORMER = {0: 0, 1: 4, 2: 7, 3: 11}
MOVE = """
    UPDATE registry_searchdocument
    SET popularity_tier = CASE tier WHEN 0 THEN 0 WHEN 1 THEN 4 WHEN 2 THEN 7 ELSE 11 END
    WHERE tier < 4
"""
MOVE_BACK = """
    UPDATE registry_searchdocument SET tier = CASE
        WHEN popularity_tier = 0 THEN 0 WHEN popularity_tier <= 4 THEN 1
        WHEN popularity_tier <= 7 THEN 2 WHEN popularity_tier <= 11 THEN 3 ELSE 4
    END
"""
# Beside all words: `~` and what a word of the name ends with, the whole of it also behind `^`, so
# that every part of it is the beginning of a lexeme; and `#` and the tier. Its parts are bound when
# it is made, as nobody's search_path may decide what they mean. As dear as it says, it is not called
# for row after row while the index knows.
FUNCTION = """
CREATE OR REPLACE FUNCTION registry_search_lexemes(
    name text, keywords text, description text, readme text, tier smallint
) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT COST 1000
BEGIN ATOMIC
    SELECT to_tsvector(
        'registry_search'::regconfig,
        name || ' ' || keywords || ' ' || description || ' ' || readme
    ) || array_to_tsvector(
        ARRAY(
            SELECT '~' || substr('^' || word, place)
            FROM unnest(string_to_array(name, ' ')) AS word,
                generate_series(1, length(word) + 1) AS place
            WHERE word <> ''
        ) || ('#' || tier)
    );
END
"""
INDEX = """
ON registry_searchdocument USING gin (
    registry_search_lexemes(name, keywords, description, readme, popularity_tier)
) WITH (fastupdate = off)
"""
FORMER_INDEXES = [
    f"registry_search_{of}{tier}"
    for of in ("words", "name_trigrams")
    for tier in ("", *(f"_{tier}" for tier in FORMER))
]
POSTGRESQL_BACK = (
    MOVE_BACK,
    *(
        f"""
        CREATE INDEX registry_search_words{name} ON registry_searchdocument USING gin (
            to_tsvector(
                'registry_search'::regconfig,
                name || ' ' || keywords || ' ' || description || ' ' || readme
            )
        ) WITH (fastupdate = off){condition}
        """
        for name, condition in (
            ("", ""),
            *((f"_{tier}", f" WHERE tier <= {tier}") for tier in FORMER),
        )
    ),
    "DROP INDEX registry_search_lexemes",
    "DROP FUNCTION registry_search_lexemes",
)
_REMOVE = """
    INSERT INTO registry_search_words_{table}(
        registry_search_words_{table}, rowid, name, keywords, description, readme
    ) SELECT 'delete', old.crate_id, old.name, old.keywords, old.description, old.readme
    WHERE old.{tier} <= {table};
    INSERT INTO registry_search_names_{table}(registry_search_names_{table}, rowid, name)
    SELECT 'delete', old.crate_id, old.name WHERE old.{tier} <= {table};
"""
_ADD = """
    INSERT INTO registry_search_words_{table}(rowid, name, keywords, description, readme)
    SELECT new.crate_id, new.name, new.keywords, new.description, new.readme
    WHERE new.{tier} <= {table};
    INSERT INTO registry_search_names_{table}(rowid, name)
    SELECT new.crate_id, new.name WHERE new.{tier} <= {table};
"""
TRIGGERS = {
    "added": f"AFTER INSERT ON registry_searchdocument WHEN new.{{tier}} <= {{table}} "
    f"BEGIN {_ADD} END",
    "removed": f"AFTER DELETE ON registry_searchdocument WHEN old.{{tier}} <= {{table}} "
    f"BEGIN {_REMOVE} END",
    "changed": "AFTER UPDATE ON registry_searchdocument "
    f"WHEN old.{{tier}} <= {{table}} OR new.{{tier}} <= {{table}} BEGIN {_REMOVE} {_ADD} END",
}


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        if not has_column(schema_editor, "registry_searchdocument", "popularity_tier"):
            _renew_tables(schema_editor)
        return
    schema_editor.execute(ADD.format("IF NOT EXISTS"))
    schema_editor.execute(FUNCTION)
    schema_editor.execute(MOVE)
    build_index(schema_editor, "registry_search_lexemes", INDEX)
    schema_editor.execute("ANALYZE registry_searchdocument")
    for name in FORMER_INDEXES:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


@transaction.atomic
def _renew_tables(schema_editor):
    schema_editor.execute(ADD.format(""))
    _rename_tables(schema_editor, FORMER, "popularity_tier", MOVE)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        _rename_tables(schema_editor, {new: old for old, new in FORMER.items()}, "tier", MOVE_BACK)
    else:
        for statement in POSTGRESQL_BACK:
            schema_editor.execute(statement)
    schema_editor.execute("ALTER TABLE registry_searchdocument DROP COLUMN popularity_tier")


def _rename_tables(schema_editor, tables, tier, move):
    """On SQLite each of a few tiers has tables of its own, which triggers fill."""
    for old in tables:
        for trigger in TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER registry_search_{trigger}_{old}")
    schema_editor.execute(move)
    for old, new in tables.items():
        if old != new:
            for of in ("words", "names"):
                schema_editor.execute(
                    f"ALTER TABLE registry_search_{of}_{old} RENAME TO registry_search_{of}_{new}"
                )
    for table in tables.values():
        for trigger, says in TRIGGERS.items():
            schema_editor.execute(
                f"CREATE TRIGGER registry_search_{trigger}_{table} "
                + says.format(table=table, tier=tier)
            )


class Migration(migrations.Migration):
    # PostgreSQL builds an index beside the work only outside of a transaction.
    atomic = False
    dependencies = [("registry", "0021_ends_of_trustpub_only")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AlterField(
                    "searchdocument",
                    "tier",
                    models.PositiveSmallIntegerField(
                        db_column="popularity_tier",
                        db_default=REST,
                        default=REST,
                        editable=False,
                    ),
                )
            ],
        ),
    ]
