"""doctor: what is wrong with this installation, and how to mend it."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from adapters.mail import send_letter
from registry.operations.checkup.examination import examine
from registry.operations.checkup.finding import Level


class Command(BaseCommand):
    help = (
        "Checks public address, clock, TLS, headers, mail, storage, database, queue, worker and "
        "settings; says how to mend each finding, and exits 1 if there is a problem."
    )
    # A migration that is missing is one of the findings.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON array of all findings")
        parser.add_argument("--mail-to", metavar="ADDRESS", help="also send a letter there")

    def handle(self, **options: Any) -> None:
        if options["mail_to"]:
            self._send_letter(options["mail_to"])
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1))
        else:
            for finding in findings:
                self.stdout.write(f"{finding.level:8} {finding.check}: {finding.text}")
                if finding.remedy:
                    self.stdout.write(f"{'':8} -> {finding.remedy}")
        problems = sum(finding.level is Level.PROBLEM for finding in findings)
        if problems:
            raise CommandError(f"{problems} problems")

    def _send_letter(self, address: str) -> None:
        try:
            send_letter(
                to=[address],
                subject="Letters of the registry arrive",
                text="The operator of the registry has asked doctor to send this letter.\n",
            )
        except ValidationError:
            raise CommandError(f"{address[:100]} is not an e-mail address") from None
        except OSError as error:
            raise CommandError(
                f"the letter was not sent ({type(error).__name__}); check EMAIL_URL"
            ) from None
