"""trust_issuer: adds or re-enables an OIDC issuer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refusal
from registry.actors import System
from trustpub.models import Issuer
from trustpub.operations.issuers import organization_named, trust_issuer
from trustpub.providers import PROVIDERS


class Command(BaseCommand):
    help = (
        "Adds or re-enables an OIDC issuer: a GitHub Enterprise Server, a self-managed GitLab, "
        "a Jenkins, a local test issuer. http:// is accepted for loopback addresses only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", choices=sorted(PROVIDERS))
        parser.add_argument("url", help="exactly as the `iss` claim has it")
        parser.add_argument("--name", default="", help="what people read")
        parser.add_argument("--web-url", default="", help="what links are built from")
        parser.add_argument(
            "--option",
            action="append",
            metavar="NAME=VALUE",
            help="one of the provider's options; a list as a,b (docs/providers/). All that are "
            "given replace all that were set",
        )
        parser.add_argument(
            "--key-host",
            action="append",
            default=[],
            metavar="HOST",
            help="a host beside the issuer's own where its keys may be",
        )
        parser.add_argument(
            "--algorithm",
            action="append",
            default=[],
            metavar="NAME",
            help="how it signs, where that is not RS256; all that are given replace those before",
        )
        parser.add_argument(
            "--api-url",
            help="where the forge says which numbers stand behind names; `-`: it is not asked",
        )
        parser.add_argument(
            "--organization",
            metavar="NAME",
            help="on GitHub: publishes only crates that a team of this organization owns",
        )
        parser.add_argument(
            "--organization-id", type=int, metavar="N", help="its number, where GitHub is not asked"
        )
        parser.add_argument(
            "--state",
            choices=[str(state) for state in Issuer.State],
            default=str(Issuer.State.ENABLED),
            help="read_only: no new publishers; disabled: no exchange, and its tokens are dead",
        )

    def handle(self, **options: Any) -> None:
        try:
            issuer = trust_issuer(
                actor=System("trust_issuer"),
                provider=options["provider"],
                url=options["url"],
                name=options["name"],
                web_url=options["web_url"],
                options=_options(options["option"]),
                key_hosts=options["key_host"],
                algorithms=options["algorithm"],
                api_url="" if options["api_url"] == "-" else options["api_url"],
                organization=organization_named(options["organization"], options["organization_id"])
                if options["organization"]
                else None,
                state=options["state"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if issuer.is_enabled:
            self.stdout.write(f"{issuer.url} is trusted as {issuer.name}")
        else:
            self.stdout.write(f"{issuer.url} ({issuer.name}) is switched off")


def _options(pairs: list[str] | None) -> dict[str, object] | None:
    if pairs is None:
        return None
    given: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise CommandError(f"`{pair}` is not NAME=VALUE")
        given[name] = _value(name, value)
    return given


def _value(name: str, text: str) -> object:
    """What the option's name says that it is: a list of claims, a flag, a number, or a text."""
    if name.endswith("claims"):
        return [part.strip() for part in text.split(",") if part.strip()]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
