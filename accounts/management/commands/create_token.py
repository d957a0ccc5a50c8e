"""create_token: a new API token, alone on standard output."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import Refusal
from accounts.models import User
from accounts.operations.tokens import create_token
from accounts.scopes import Scope

DEFAULT_DAYS = 90


class Command(BaseCommand):
    help = "Makes an API token for a user and prints it; it cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login")
        parser.add_argument("name")
        parser.add_argument("--scope", action="append", metavar="S", help=", ".join(Scope))
        parser.add_argument("--crate", action="append", metavar="PATTERN", help="serde, tokio-*, *")
        expiry = parser.add_mutually_exclusive_group()
        expiry.add_argument("--days", type=int, default=DEFAULT_DAYS, help="default: %(default)s")
        expiry.add_argument("--never", action="store_true", help="does not expire")

    def handle(self, **options: Any) -> None:
        user = User.objects.with_login(options["login"])
        if user is None:
            raise CommandError(f"no user `{options['login']}`; make one with create_user")
        if not 1 <= options["days"] <= 36_500:
            raise CommandError("--days must be 1 to 36500")
        expires_at = None if options["never"] else timezone.now() + timedelta(days=options["days"])
        try:
            created = create_token(
                user=user,
                name=options["name"],
                scopes=options["scope"],
                patterns=options["crate"],
                expires_at=expires_at,
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(created.text)
