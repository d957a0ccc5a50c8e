"""Puts into a server's database what a benchmark asks for; called in its environment."""

import io

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from bench.synthetic.registry import Registry
from registry.actors import Person
from registry.models import VersionAction
from tests import ci
from tests.factories.registry import make_crate, make_version
from tests.factories.trustpub import FORGE, make_registrant
from trustpub.models import Issuer, KeySetRow
from trustpub.operations.publishers import add_publisher


def token() -> str:
    """An API token that may do everything."""
    call_command("create_user", "nora", email="nora@example.com", stdout=io.StringIO())
    said = io.StringIO()
    call_command("create_token", "nora", "bench", stdout=said)
    return said.getvalue().strip()


def crate_with_versions(name: str, versions: int) -> None:
    """As a crate is that was published for years."""
    owner, _ = User.objects.get_or_create(login="olga")
    crate = make_crate(name, owner=owner, description="A crate with very many versions")
    for number in range(versions):
        version = make_version(
            crate,
            f"0.{number}.0",
            published_by=owner,
            license="MIT OR Apache-2.0",
            description=crate.description,
            features={"default": ["std"], "std": [], "serde": ["dep:serde"]},
            index_line="{}",
            readme="# A crate\n\nWith a readme, as crates have them.\n" * 20,
        )
        VersionAction.objects.create(version=version, user=owner, action="publish")


def crates_of(login: str, names: list[str]) -> None:
    owner = User.objects.get(login=login)
    for name in names:
        make_crate(name, owner=owner)


def synthetic(crates: int) -> None:
    Registry(crates).load()


def trust(issuer_url: str, key: dict[str, object], crate: str) -> str:
    """An issuer with its keys, and a crate that a job of `demo.claims` may publish."""
    owner = make_registrant("olga")
    issuer = Issuer.objects.create(
        provider="github", url=issuer_url, name="Forge", web_url=FORGE, algorithms=["RS256"]
    )
    KeySetRow.objects.create(issuer=issuer, url=issuer_url, keys=[key], fetched_at=timezone.now())
    add_publisher(
        actor=Person(owner), crate=make_crate(crate, owner=owner), issuer=issuer, form=ci.form()
    )
    return str(settings.AUDIENCES[0])
