"""The clock finds addresses that are kept too long without reading the whole audit log."""

from django.db import migrations, models

from adapters.migrating import build_index

NAME = "audit_with_address"


def create(apps, schema_editor):
    build_index(schema_editor, NAME, "ON accounts_auditevent (at) WHERE address IS NOT NULL")


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0010_quarantine_reason")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create, drop)],
            state_operations=[
                migrations.AddIndex(
                    "auditevent",
                    models.Index(
                        fields=["at"],
                        name=NAME,
                        condition=models.Q(address__isnull=False),
                    ),
                )
            ],
        ),
    ]
