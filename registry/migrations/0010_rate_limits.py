"""Token buckets of publishes and yanks, and who has larger ones."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0009_search_documents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RateBucket",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=128)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("publish-new", "publish new crates"),
                            ("publish-update", "publish new versions"),
                            ("yank-unyank", "yank and unyank"),
                        ],
                        max_length=16,
                    ),
                ),
                ("tokens", models.PositiveIntegerField()),
                ("refilled_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "action"), name="one_bucket_for_each_action"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LimitOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("publish-new", "publish new crates"),
                            ("publish-update", "publish new versions"),
                            ("yank-unyank", "yank and unyank"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "burst",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(max_length=255)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limit_overrides",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "action"), name="one_override_for_each_action"
                    )
                ],
            },
        ),
    ]
