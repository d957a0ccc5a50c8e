"""reset_second_factor: for somebody who has lost their passkeys, app and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refusal
from accounts.models import User
from accounts.operations.people import Shell
from accounts.operations.second_factor import reset_second_factor


class Command(BaseCommand):
    help = (
        "Takes all second factors and recovery codes from an account, and tells its owner by "
        "letter. Make sure first, by other means than a letter, that it is they who ask."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login")
        parser.add_argument(
            "--reason", required=True, help="for the audit log and the letter, such as a ticket"
        )

    def handle(self, **options: Any) -> None:
        user = User.objects.with_login(options["login"])
        if user is None:
            raise CommandError(f"no user `{options['login']}`")
        shell = Shell("reset_second_factor")
        try:
            removed = reset_second_factor(actor=shell, user=user, reason=options["reason"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"{user.login}: {removed} removed")
