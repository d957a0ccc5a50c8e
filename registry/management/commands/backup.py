"""backup: a folder with a consistent copy of the database and the archives."""

import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.errors import Refusal
from registry.operations.backup import back_up


class Command(BaseCommand):
    help = (
        "Copies the database, as it is at one moment, and every archive into a new folder, while "
        "the registry runs. Exits 1 if archives were missing or damaged already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--list-archives",
            action="store_true",
            help="only list names, sizes and SHA-256 of archives, for a storage with copies of "
            "its own",
        )

    def handle(self, **options: Any) -> None:
        try:
            backup = back_up(
                options["folder"],
                copy_archives=not options["list_archives"],
                track=partial(tqdm, unit="archive", file=sys.stderr, disable=None),
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        except OSError as error:
            raise CommandError(f"the backup was not made: {error}") from None
        for problem in backup.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"{options['folder']}: {backup.archives} archives, {backup.size:,} bytes; keep "
            "SECRET_KEY apart from it"
        )
        if backup.problems:
            raise CommandError(
                f"{len(backup.problems)} archives were missing or damaged already; "
                "verify_storage --repair --from an older backup"
            )
