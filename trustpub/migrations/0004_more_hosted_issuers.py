"""Hosted CI systems in their default states; those of one organisation are added by operators."""

from django.db import migrations

# provider, issuer, name, web address, other hosts of its keys, state
HOSTED = [
    (
        "google",
        "https://accounts.google.com",
        "Google Cloud",
        "https://console.cloud.google.com",
        ["www.googleapis.com"],
        "enabled",
    ),
    (
        "circleci",
        "https://oidc.circleci.com",
        "CircleCI",
        "https://app.circleci.com",
        [],
        "enabled",
    ),
    (
        "buildkite",
        "https://agent.buildkite.com",
        "Buildkite",
        "https://buildkite.com",
        [],
        "enabled",
    ),
    (
        "bitbucket",
        "https://api.bitbucket.org/2.0/workspaces",
        "Bitbucket",
        "https://bitbucket.org",
        [],
        "enabled",
    ),
    (
        "activestate",
        "https://platform.activestate.com/api/v1/oauth/oidc",
        "ActiveState",
        "https://platform.activestate.com",
        [],
        "disabled",
    ),
]


def seed(apps, schema_editor):
    issuers = apps.get_model("trustpub", "Issuer")
    for provider, url, name, web_url, key_hosts, state in HOSTED:
        issuers.objects.get_or_create(
            url=url,
            defaults={
                "provider": provider,
                "name": name,
                "web_url": web_url,
                "algorithms": ["RS256"],
                "extra_key_hosts": key_hosts,
                "state": state,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("trustpub", "0003_issuer_options")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
