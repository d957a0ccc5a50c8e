"""trustpub_only: crates of a team take new versions from CI alone, or no longer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.actors import System
from registry.models import Team
from registry.operations.settings import set_team_trustpub_only


class Command(BaseCommand):
    help = "Lets only CI publish the crates of a team, or ends that after a delay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="as in the list of owners: github:org:team")
        parser.add_argument("state", choices=["on", "off"])

    def handle(self, **options: Any) -> None:
        team = Team.objects.filter(login__iexact=options["team"]).first()
        if team is None:
            raise CommandError(f"no crate belongs to the team `{options['team']}`")
        ends_at = set_team_trustpub_only(
            actor=System("trustpub_only"), team=team, trustpub_only=options["state"] == "on"
        )
        if options["state"] == "on":
            self.stdout.write(f"crates of {team.login} take new versions from CI alone")
        elif ends_at:
            self.stdout.write(f"API tokens publish them again from {ends_at:%Y-%m-%d %H:%M} UTC")
        else:
            self.stdout.write("API tokens publish them")
