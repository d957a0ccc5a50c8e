"""The two hosted installations that everybody may use; others are added by an administrator."""

from django.db import migrations

HOSTED = [
    ("github", "https://token.actions.githubusercontent.com", "GitHub", "https://github.com"),
    ("gitlab", "https://gitlab.com", "GitLab.com", "https://gitlab.com"),
]


def seed(apps, schema_editor):
    issuers = apps.get_model("trustpub", "Issuer")
    for provider, url, name, web_url in HOSTED:
        issuers.objects.get_or_create(
            url=url,
            defaults={
                "provider": provider,
                "name": name,
                "web_url": web_url,
                "algorithms": ["RS256"],
            },
        )


class Migration(migrations.Migration):
    dependencies = [("trustpub", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
