"""verify_attestations: stored attestations against the roots of trust as they are now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.actors import System
from registry.operations.verify_attestations import verify_again
from registry.trust_roots import NoTrustRoots, UnreadableTrustRoot


class Command(BaseCommand):
    help = (
        "Verifies the attestations that are stored once more, names those whose state changed and "
        "those that do not verify, and exits 1 if there is one. It may be run at any time, and "
        "again; a root of trust that cannot be read changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--crate", default="", metavar="NAME", help="only of this crate")
        parser.add_argument("--after", type=int, default=0, metavar="KEY", help="go on behind it")
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many")

    def handle(self, **options: Any) -> None:
        verified = failed = last = 0
        found = verify_again(
            actor=System("verify_attestations"),
            crate_name=options["crate"],
            after=options["after"],
            limit=options["limit"],
        )
        try:
            for key, outcome in found:
                last = key
                verified += not outcome.failure
                failed += bool(outcome.failure)
                if outcome.failure or outcome.changed:
                    self.stdout.write(str(outcome))
        except NoTrustRoots:
            raise CommandError("name a root of trust in ATTESTATION_TRUST_ROOT") from None
        except UnreadableTrustRoot as error:
            raise CommandError(f"nothing was changed from here on: {error}") from None
        self.stdout.write(f"{verified} verified, {failed} failed; the last key was {last}")
        if failed:
            raise CommandError(f"{failed} attestations do not verify")
