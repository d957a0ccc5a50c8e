"""The clock finds crates whose protection ends without reading all crates."""

from django.db import migrations, models

NAME = "crate_trustpub_only_ends"
# PostgreSQL builds it beside the work.
CREATE = """
CREATE INDEX {beside} IF NOT EXISTS {name} ON registry_crate (trustpub_only_ends_at)
WHERE trustpub_only_ends_at IS NOT NULL
"""


def create(apps, schema_editor):
    beside = "CONCURRENTLY" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(CREATE.format(beside=beside, name=NAME))


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("registry", "0024_attestations")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create, drop)],
            state_operations=[
                migrations.AddIndex(
                    "crate",
                    models.Index(
                        fields=["trustpub_only_ends_at"],
                        name=NAME,
                        condition=models.Q(trustpub_only_ends_at__isnull=False),
                    ),
                )
            ],
        ),
    ]
