"""Counts of versions get narrow rows of their own; those in the versions stay what they are."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """So much that a count of every version finds its new rows a place beside the old ones.

    Then PostgreSQL need not touch the index.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE registry_versiontotal SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0018_search_tiers"),
    ]

    operations = [
        migrations.CreateModel(
            name="VersionTotal",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="total",
                        serialize=False,
                        to="registry.version",
                    ),
                ),
                ("downloads", models.BigIntegerField()),
            ],
        ),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
        # The program before this one still counts there while both run.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("version", "downloads", "older_downloads"),
                migrations.AlterField(
                    "version",
                    "older_downloads",
                    models.BigIntegerField(db_column="downloads", default=0, editable=False),
                ),
            ],
        ),
    ]
