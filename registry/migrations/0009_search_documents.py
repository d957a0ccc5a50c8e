"""Makes the crates that are there findable."""

from dataclasses import asdict

from django.db import migrations

from registry.formats.search_text import search_words

AT_ONCE = 200


def fill(apps, schema_editor):
    version = apps.get_model("registry", "Version")
    document = apps.get_model("registry", "SearchDocument")
    documents = []
    for crate in apps.get_model("registry", "Crate").objects.order_by("pk").iterator():
        last = version.objects.filter(crate=crate).order_by("-pk")
        readme = last.values_list("readme", flat=True).first() or ""
        words = search_words(
            name=crate.name, keywords=crate.keywords, description=crate.description, readme=readme
        )
        documents.append(document(crate=crate, **asdict(words)))
        if len(documents) == AT_ONCE:
            document.objects.bulk_create(documents)
            documents = []
    document.objects.bulk_create(documents)


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_search_document")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
