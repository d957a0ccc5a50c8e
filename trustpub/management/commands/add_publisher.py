"""add_publisher: a trusted publisher, or a pending one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refusal
from accounts.models import User
from registry.actors import System
from registry.models import Crate
from trustpub.models import Issuer
from trustpub.operations.pending import register
from trustpub.operations.publishers import add_publisher
from trustpub.providers import PROVIDERS


class Command(BaseCommand):
    help = "Adds a trusted publisher to a crate, or with --pending-owner for one to come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("crate")
        parser.add_argument("provider", choices=sorted(PROVIDERS))
        parser.add_argument(
            "fields",
            nargs="+",
            metavar="FIELD=VALUE",
            help="as in the configuration API: repository_owner=octo repository_name=demo ...",
        )
        parser.add_argument("--issuer", help="its URL; default: the provider's hosted one")
        parser.add_argument("--pending-owner", metavar="LOGIN", help="owner of the crate to be")

    def handle(self, **options: Any) -> None:
        issuer = issuer_named(options["provider"], options["issuer"])
        form = _form(options["fields"])
        actor = System("add_publisher")
        try:
            if options["pending_owner"]:
                owner = User.objects.with_login(options["pending_owner"])
                if owner is None:
                    raise CommandError(f"no user `{options['pending_owner']}`")
                [rule] = register(
                    actor=actor, owner=owner, names=[options["crate"]], issuer=issuer, form=form
                )
                self.stdout.write(f"pending: {rule} may publish {options['crate']} first")
                return
            crate = Crate.objects.named(options["crate"]).first()
            if crate is None:
                raise CommandError(
                    f"no crate `{options['crate']}`; use --pending-owner for a first publish"
                )
            grant = add_publisher(actor=actor, crate=crate, issuer=issuer, form=form)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(str(grant))


def issuer_named(provider: str, url: str | None) -> Issuer:
    """The issuer of that URL, or the provider's first; raises CommandError."""
    found = Issuer.objects.filter(provider=provider)
    issuer = found.filter(url=url).first() if url else found.order_by("pk").first()
    if issuer is None:
        raise CommandError(f"{url or provider} is not trusted; add it with trust_issuer")
    return issuer


def _form(pairs: list[str]) -> dict[str, str | None]:
    form: dict[str, str | None] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise CommandError(f"`{pair}` is not FIELD=VALUE")
        form[name] = value or None
    return form
