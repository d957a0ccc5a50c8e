"""Whether the owner of a token was told that it ends soon."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_github_token")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="expiry_told_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
