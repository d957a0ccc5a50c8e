"""import_crates: a folder of archives with their metadata, or crates of another registry."""

import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.errors import Refusal
from accounts.models import User
from registry.operations import index
from registry.operations.fetch_crates import (
    ForeignRegistry,
    bring,
    download_template,
    find_versions,
)
from registry.operations.import_crates import find, import_one


class Command(BaseCommand):
    help = (
        "Publishes every NAME-VERSION.crate of a folder with its NAME-VERSION.json metadata, "
        "dependencies first. With sparse+https://… it brings the named crates and all they need "
        "of that registry into a folder first, and keeps their times. What is there already is "
        "passed over, so it can be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="a folder, or sparse+https://… of another registry")
        parser.add_argument("--owner", required=True, metavar="LOGIN", help="owner of new crates")
        foreign = parser.add_argument_group("from another registry")
        foreign.add_argument("--crate", action="append", default=[], metavar="NAME")
        foreign.add_argument("--crates-from", type=Path, metavar="FILE", help="one name a line")
        foreign.add_argument("--token-from", type=Path, metavar="FILE", help="holds its token")
        foreign.add_argument(
            "--folder", type=Path, help="where archives are kept; default: below DATA_DIR"
        )
        foreign.add_argument("--without-dependencies", action="store_true")

    def handle(self, **options: Any) -> None:
        owner = User.objects.with_login(options["owner"])
        if owner is None:
            raise CommandError(f"no user `{options['owner']}`; make one with create_user")
        try:
            if str(options["source"]).startswith("sparse+"):
                folder, failed = self._bring(**options)
            else:
                folder, failed = Path(options["source"]), []
            items = find(folder)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if not items and not failed:
            raise CommandError(f"{folder} holds no .crate file")
        imported = there = 0
        for item in tqdm(items, unit="crate", file=sys.stderr):
            try:
                if import_one(item, owner):
                    imported += 1
                else:
                    there += 1
            except Refusal as refusal:
                failed.append(f"{item.archive.name}: {refusal.detail}")
        # A run that was killed may have left crates without their index files.
        index.sweep()
        for line in failed:
            self.stderr.write(line)
        self.stdout.write(f"{imported} imported, {there} there already, {len(failed)} refused")
        if failed:
            raise CommandError("not everything was imported; mend what is named above, run again")

    def _bring(self, **options: Any) -> tuple[Path, list[str]]:
        """The folder with all that could be had, and what could not."""
        host = urlsplit(options["source"].removeprefix("sparse+")).hostname
        if not host:
            raise CommandError(f"{options['source']}: the host is missing; sparse+https://…")
        names = [*options["crate"]]
        try:
            if options["crates_from"]:
                names += options["crates_from"].read_text().split()
            token = options["token_from"].read_text().strip() if options["token_from"] else ""
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read ({error.strerror})") from None
        if not names:
            raise CommandError(
                "a sparse index has no list of its crates: name them with --crate or --crates-from"
            )
        folder = options["folder"] or Path(settings.DATA_DIR) / "import" / host
        registry = ForeignRegistry(options["source"], token)
        template = download_template(registry)
        versions = find_versions(
            registry, names, with_dependencies=not options["without_dependencies"]
        )
        track = partial(tqdm, unit="archive", file=sys.stderr)
        bring(registry, template, versions, folder, track)
        return folder, registry.problems
