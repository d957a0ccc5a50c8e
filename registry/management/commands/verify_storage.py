"""verify_storage: database, index and stored files against one another."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.operations.verify_storage import differences, repair


class Command(BaseCommand):
    help = (
        "Compares database, index and stored files; exits 1 and names each difference. With "
        "--repair it mends what can be mended without loss, and exits 1 if something is left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="write index files anew, and move archives aside that no version names",
        )
        parser.add_argument(
            "--from",
            type=Path,
            dest="backup",
            metavar="BACKUP",
            help="with --repair: take missing and damaged archives from this backup",
        )

    def handle(self, **options: Any) -> None:
        if options["repair"]:
            self._repair(options["backup"])
            return
        if options["backup"]:
            raise CommandError("--from says where --repair takes archives from; give both")
        found = 0
        for difference in differences():
            self.stdout.write(str(difference))
            found += 1
        if found:
            raise CommandError(f"{found} differences; --repair mends what can be mended")
        self.stdout.write("database, index and stored files agree")

    def _repair(self, backup: Path | None) -> None:
        if backup and not (backup / "storage").is_dir():
            raise CommandError(f"{backup} is no backup with archives")
        mended = left = 0
        for outcome in repair(backup=backup):
            self.stdout.write(str(outcome))
            mended += outcome.done
            left += not outcome.done
        if left:
            raise CommandError(f"{mended} differences mended, {left} left")
        self.stdout.write(f"{mended} differences mended; everything agrees now")
