"""The categories of crates.io, and what crates say of their keywords and categories as rows."""

from django.db import migrations
from django.db.models import Count

from registry.formats.categories import CATEGORIES


def fill(apps, schema_editor):
    category = apps.get_model("registry", "Category")
    category.objects.bulk_create(
        [
            category(slug=text.slug, name=text.name, description=text.description)
            for text in CATEGORIES
        ],
        ignore_conflicts=True,
    )
    keyword = apps.get_model("registry", "Keyword")
    slugs = {row.slug: row for row in category.objects.all()}
    for crate in apps.get_model("registry", "Crate").objects.order_by("pk").iterator():
        for word in sorted({str(word).lower() for word in crate.keywords}):
            row, _ = keyword.objects.get_or_create(keyword=word)
            row.crates.add(crate)
        for slug in crate.categories:
            if slug in slugs:
                slugs[slug].crates.add(crate)
    for model in (keyword, category):
        for row in model.objects.annotate(found=Count("crates")).filter(found__gt=0):
            model.objects.filter(pk=row.pk).update(crates_cnt=row.found)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_topics_and_follows")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
