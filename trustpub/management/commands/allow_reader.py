"""allow_reader: CI jobs that may read a private registry."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refusal
from registry.actors import System
from trustpub.management.commands.add_publisher import issuer_named
from trustpub.models import Reader
from trustpub.operations.readers import add_reader, remove_reader
from trustpub.providers import PROVIDERS


class Command(BaseCommand):
    help = (
        "Lets the CI jobs of an organisation, or of one repository, exchange their ID tokens for "
        "tokens that read from a private registry; with --remove they may no more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=sorted(PROVIDERS))
        parser.add_argument("owner", help="account, organisation or group")
        parser.add_argument("--repository", default="", help="only this one of the owner's")
        parser.add_argument("--owner-id", default="", help="its number, where GitHub is not asked")
        parser.add_argument("--repository-id", default="")
        parser.add_argument("--issuer", help="its URL; default: the provider's hosted one")
        parser.add_argument(
            "--pull-requests", action="store_true", help="also jobs on code not yet reviewed"
        )
        parser.add_argument("--remove", action="store_true")

    def handle(self, **options: Any) -> None:
        issuer = issuer_named(options["provider"], options["issuer"])
        names = {"owner": options["owner"], "repository": options["repository"]}
        actor = System("allow_reader")
        if options["remove"]:
            found = list(Reader.objects.filter(issuer=issuer, **names))
            if not found:
                raise CommandError("there is no such reader")
            for reader in found:
                remove_reader(actor=actor, reader_id=reader.pk)
                self.stdout.write(f"no longer: {reader}")
            return
        given = {name: options[name] for name in ("owner_id", "repository_id", "pull_requests")}
        try:
            self.stdout.write(str(add_reader(actor=actor, issuer=issuer, **names, **given)))
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
