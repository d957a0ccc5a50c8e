"""export_audit: the audit log as JSON lines."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from accounts.queries.audit_events import events, json_line


def moment(text: str) -> datetime:
    """A day or a time, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time; for example 2026-08-31T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Writes audit events to standard output, oldest first, one JSON object a line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=moment, metavar="TIME", help="from this time on")
        parser.add_argument("--until", type=moment, metavar="TIME", help="before this time")
        parser.add_argument("--crate", default="", help="about this crate")
        parser.add_argument("--name", default="", help="of this name; token.* for all about tokens")
        parser.add_argument("--actor", default="", help="by whom, as the log shows it")

    def handle(self, **options: Any) -> None:
        found = events(
            **{key: options[key] for key in ("since", "until", "crate", "name", "actor")}
        )
        for event in found.iterator():
            self.stdout.write(json_line(event))
