"""restore: checks a backup and puts it back."""

import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.errors import Refusal
from registry.operations.restore import check_target, damages, open_backup, restore, summary


class Command(BaseCommand):
    help = (
        "Checks every file of a backup, puts it back into an empty database and storage, writes "
        "the index anew and compares everything. Stop the registry before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--check", action="store_true", help="only check the backup")
        parser.add_argument(
            "--force", action="store_true", help="replace what database and storage hold"
        )
        parser.add_argument(
            "--despite-damage", action="store_true", help="restore what is whole of a damaged one"
        )

    def handle(self, **options: Any) -> None:
        try:
            self._restore(**options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        except OSError as error:
            raise CommandError(f"the backup was not restored: {error}; run it again") from None

    def _restore(self, **options: Any) -> None:
        folder = options["folder"]
        track = partial(tqdm, unit="archive", file=sys.stderr, disable=None)
        manifest = open_backup(folder)
        if not options["check"]:
            # Before minutes of reading.
            check_target(manifest, replace=options["force"])
        found = list(damages(folder, manifest, track))
        for damage in found:
            self.stdout.write(damage)
        self.stdout.write(summary(manifest, found))
        if found and (options["check"] or not options["despite_damage"]):
            raise CommandError(
                "the backup is damaged, and nothing was restored; take another one, or what is "
                "whole of it with --despite-damage"
            )
        if options["check"]:
            return
        left = restore(folder, manifest, replace=options["force"], track=track)
        for difference in left:
            self.stdout.write(str(difference))
        if left:
            raise CommandError(f"restored, and {len(left)} things do not agree")
        self.stdout.write("restored; database, index and stored files agree")
