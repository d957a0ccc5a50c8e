"""The clock finds crates whose protection ends without reading all crates."""

from django.db import migrations, models

from adapters.migrating import build_index

NAME = "crate_trustpub_only_ends"
DEFINITION = """
ON registry_crate (trustpub_only_ends_at) WHERE trustpub_only_ends_at IS NOT NULL
"""


def create(apps, schema_editor):
    build_index(schema_editor, NAME, DEFINITION)


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
