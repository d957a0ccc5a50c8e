"""Options of an issuer's row; its kinds are asked for at run time from now on."""

from django.db import migrations, models

import trustpub.models.issuer


class Migration(migrations.Migration):
    dependencies = [("trustpub", "0002_hosted_issuers")]
    operations = [
        migrations.AddField(
            model_name="issuer",
            name="options",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="issuer",
            name="provider",
            field=models.CharField(choices=trustpub.models.issuer.provider_kinds, max_length=32),
        ),
    ]
