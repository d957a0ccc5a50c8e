"""verify_storage: database, index and stored files against one another."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.operations.verify_storage import differences


class Command(BaseCommand):
    help = "Compares database, index and stored files; exits 1 and names each difference."

    def handle(self, **options: Any) -> None:
        found = 0
        for difference in differences():
            self.stdout.write(difference)
            found += 1
        if found:
            raise CommandError(f"{found} differences")
        self.stdout.write("database, index and stored files agree")
