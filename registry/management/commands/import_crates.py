"""import_crates: a folder of archives with their metadata."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.errors import Refusal
from accounts.models import User
from registry.operations import index
from registry.operations.import_crates import find, import_one


class Command(BaseCommand):
    help = (
        "Publishes every NAME-VERSION.crate of a folder with its NAME-VERSION.json metadata, "
        "dependencies first. What is there already is passed over, so it can be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--owner", required=True, metavar="LOGIN", help="owner of new crates")

    def handle(self, **options: Any) -> None:
        owner = User.objects.with_login(options["owner"])
        if owner is None:
            raise CommandError(f"no user `{options['owner']}`; make one with create_user")
        try:
            items = find(options["folder"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if not items:
            raise CommandError(f"{options['folder']} holds no .crate file")
        imported = 0
        failed = []
        for item in tqdm(items, unit="crate", file=sys.stderr):
            try:
                imported += import_one(item, owner)
            except Refusal as refusal:
                failed.append(f"{item.archive.name}: {refusal.detail}")
        # A run that was killed may have left crates without their index files.
        index.sweep()
        for line in failed:
            self.stderr.write(line)
        there = len(items) - imported - len(failed)
        self.stdout.write(f"{imported} imported, {there} there already, {len(failed)} refused")
        if failed:
            raise CommandError("not everything was imported; mend what is named above, run again")
