"""`manage.py moderator LOGIN --reason WHY`: lets somebody moderate, or no longer."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import Refusal
from accounts.models import User
from accounts.operations.moderators import end_moderator, make_moderator
from accounts.operations.people import Shell


class Command(BaseCommand):
    help = "Lets an account moderate in the admin; with --end, no longer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login")
        parser.add_argument("--reason", required=True, help="for the audit log")
        parser.add_argument("--end", action="store_true", help="take it away")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.with_login(options["login"])
        if user is None:
            raise CommandError(f"there is no account `{options['login']}`")
        change = end_moderator if options["end"] else make_moderator
        try:
            change(actor=Shell("moderator", options["reason"]), user=user)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        ended = "is no moderator any more" if options["end"] else "may moderate now"
        self.stdout.write(f"{user.login} {ended}")
