from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_rate_windows_unlogged"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="quarantine_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
    ]
