"""Names that nobody can give to a crate, and the one known crate with more features than usual."""

from django.db import migrations

from registry.formats.names import RESERVED_NAMES


def seed(apps, schema_editor):
    reserved = apps.get_model("registry", "ReservedName")
    reserved.objects.bulk_create(
        [
            reserved(canonical_name=name, reason="Rust's own, or a device name on Windows")
            for name in sorted(RESERVED_NAMES)
        ],
        ignore_conflicts=True,
    )
    limits = apps.get_model("registry", "CrateLimits")
    limits.objects.get_or_create(
        canonical_name="winapi",
        defaults={"max_features": 500, "reason": "a feature for each header of Windows"},
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
