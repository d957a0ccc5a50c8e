"""create_user: a person with a verified address."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.errors import Refusal
from accounts.operations.people import Shell, create_user, make_administrator


class Command(BaseCommand):
    help = "Makes a user with a verified e-mail address and prints the login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login")
        parser.add_argument("--email", help="default: LOGIN@localhost")
        parser.add_argument("--github-id", type=int, help="GitHub's number of the account")
        parser.add_argument(
            "--superuser",
            action="store_true",
            help="may use the admin; also prints a one-time password for it",
        )

    def handle(self, **options: Any) -> None:
        shell = Shell("create_user")
        password = secrets.token_urlsafe(18)
        try:
            with transaction.atomic():
                user = create_user(
                    actor=shell,
                    login=options["login"],
                    email=options["email"] or f"{options['login']}@localhost",
                    github_id=options["github_id"],
                )
                if options["superuser"]:
                    make_administrator(actor=shell, user=user, password=password)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(user.login)
        if options["superuser"]:
            self.stdout.write(password)
