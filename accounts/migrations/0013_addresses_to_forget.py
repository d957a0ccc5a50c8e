"""The clock finds addresses that are kept too long without reading the whole audit log."""

from django.db import migrations, models

NAME = "audit_with_address"
# PostgreSQL builds it beside the work.
CREATE = """
CREATE INDEX {beside} IF NOT EXISTS {name} ON accounts_auditevent (at)
WHERE address IS NOT NULL
"""


def create(apps, schema_editor):
    beside = "CONCURRENTLY" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(CREATE.format(beside=beside, name=NAME))


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
