from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trustpub", "0014_publisher_names_and_ends"),
    ]

    operations = [
        migrations.AddField(
            model_name="pendingpublisher",
            name="suspended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
