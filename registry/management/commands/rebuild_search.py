"""rebuild_search: what crates are found by, anew."""

from typing import Any

from django.core.management.base import BaseCommand

from registry.operations import search_document


class Command(BaseCommand):
    help = "Writes anew what crates are found by, and the search index behind it."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{search_document.rebuild()} crates can be found")
