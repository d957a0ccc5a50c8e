"""Counts of rate limits are worth nothing after a crash, and need not wait for the disk.

An unlogged table is empty after PostgreSQL has crashed, and on a standby that takes over: then
every window begins anew.
"""

from typing import Any

from django.db import migrations

TABLE = "accounts_ratewindow"


def unlog(apps: Any, schema_editor: Any) -> None:
    _alter(schema_editor, "UNLOGGED")


def log(apps: Any, schema_editor: Any) -> None:
    _alter(schema_editor, "LOGGED")


def _alter(schema_editor: Any, kind: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET {kind}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_suspicions")]
    operations = [migrations.RunPython(unlog, log)]
