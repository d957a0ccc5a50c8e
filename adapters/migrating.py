"""What migrations that are no transaction are made of, so that a killed one can be begun again."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def build_index(editor: BaseDatabaseSchemaEditor, name: str, definition: str) -> None:
    """PostgreSQL builds it beside the work, outside of a transaction."""
    if editor.connection.vendor != "postgresql":
        editor.execute(f"CREATE INDEX IF NOT EXISTS {name} {definition}")
        return
    # One that was being built when its process died is there, and of no use.
    editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    editor.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}")


def has_column(editor: BaseDatabaseSchemaEditor, table: str, column: str) -> bool:
    """For SQLite, which cannot add a column only where there is none."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pragma_table_info(%s) WHERE name = %s", [table, column])
        return cursor.fetchone() is not None
