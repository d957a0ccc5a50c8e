"""A CI system on loopback and what its jobs send; the registry trusts it as an operator would."""

from typing import Any

from django.conf import settings

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import Person, System
from registry.models import Crate
from tests.factories.id_tokens import signing_key
from tests.wire import send
from trustpub.models import Issuer, PendingPublisher, PublisherCrate
from trustpub.operations.issuers import trust_issuer
from trustpub.operations.pending import register
from trustpub.operations.publishers import add_publisher

TOKENS = "/api/v1/trusted_publishing/tokens"
IDS = {"repository_id": "702113958", "repository_owner_id": "9176411"}


def form(**fields: str | None) -> dict[str, str | None]:
    """What somebody types for the job of `demo.claims`, with its ids."""
    return {
        "repository_owner": "ferris-labs",
        "repository_name": "tidepool",
        "workflow_filename": "release.yml",
        "environment": "release",
        **IDS,
    } | fields


def unpinned(**fields: str | None) -> dict[str, str | None]:
    return form(repository_id=None, repository_owner_id=None) | fields


def trusted(ci: LocalIssuer, provider: str = "github", path: str = "") -> Issuer:
    return trust_issuer(
        actor=System("tests"),
        provider=provider,
        url=f"{ci.url}{path}",
        web_url="https://forge.example",
        # There is no such forge.
        api_url="",
    )


def let_publish(
    crate: Crate, owner: User, issuer: Issuer, fields: dict[str, str | None] | None = None
) -> PublisherCrate:
    return add_publisher(actor=Person(owner), crate=crate, issuer=issuer, form=fields or form())


def let_found(
    name: str, owner: User, issuer: Issuer, fields: dict[str, str | None] | None = None
) -> PendingPublisher:
    [pending] = register(
        actor=Person(owner), owner=owner, names=[name], issuer=issuer, form=fields or form()
    )
    return pending


def id_token(ci: LocalIssuer, **claims: object) -> str:
    """Of a job on GitHub Actions, for this registry."""
    return ci.github_token(settings.AUDIENCES[0], **claims)


def exchange(jwt: object, **more: object) -> Any:
    return send("POST", TOKENS, None, {"jwt": jwt, **more})


def publish_token(
    ci: LocalIssuer, *, claims: dict[str, object] | None = None, **more: object
) -> str:
    """A publish token for a new ID token; the exchange must succeed."""
    answer = exchange(id_token(ci, **(claims or {})), **more)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["token"])


def reset(ci: LocalIssuer) -> None:
    """As it was when it started."""
    ci.heal()
    ci.key = signing_key()
    ci.published = [ci.key]
    ci.extra_keys = []
    ci.job_claims = {}
    ci.requests.clear()
