"""trust_issuer: adds or re-enables an OIDC issuer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refusal
from registry.actors import System
from trustpub.operations.issuers import trust_issuer
from trustpub.providers import PROVIDERS


class Command(BaseCommand):
    help = (
        "Adds or re-enables an OIDC issuer: a GitHub Enterprise Server, a self-managed GitLab, "
        "a local test issuer. http:// is accepted for loopback addresses only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=sorted(PROVIDERS))
        parser.add_argument("url", help="exactly as the `iss` claim has it")
        parser.add_argument("--name", default="", help="what people read")
        parser.add_argument("--web-url", default="", help="what links are built from")

    def handle(self, **options: Any) -> None:
        try:
            issuer = trust_issuer(
                actor=System("trust_issuer"),
                provider=options["provider"],
                url=options["url"],
                name=options["name"],
                web_url=options["web_url"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"{issuer.url} is trusted as {issuer.name}")
