"""rebuild_index: the index files anew from the database, or only a comparison."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.models import Crate
from registry.operations import index


class Command(BaseCommand):
    # The server judged them when it started; here they would load every view.
    requires_system_checks = ()
    help = "Writes the index files anew from the database; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("crates", nargs="*", metavar="CRATE", help="default: all")
        parser.add_argument("--check", action="store_true", help="exit 1 on any difference")

    def handle(self, **options: Any) -> None:
        names = [_stored_name(name) for name in options["crates"]] or None
        if not options["check"]:
            self.stdout.write(f"{index.rebuild(names)} index files written")
            return
        found = 0
        for difference in index.differences(names):
            self.stdout.write(str(difference))
            found += 1
        if found:
            raise CommandError(f"{found} differences; run rebuild_index to mend them")
        self.stdout.write("the index agrees with the database")


def _stored_name(name: str) -> str:
    crate = Crate.objects.named(name).first()
    if crate is None:
        raise CommandError(f"no crate `{name}`")
    return crate.name
