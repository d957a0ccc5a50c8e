"""Makes issuers, publishers and what is refused to them; a test names only what matters to it."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from registry.formats.names import canonical
from registry.models import Crate
from tests.factories.registry import make_user
from trustpub.conditions import ascii_fold, rule_digest
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    PendingPublisher,
    Publisher,
    PublisherCrate,
)
from trustpub.providers import provider_for
from trustpub.workload import Workload

# Not an address of settings.GITHUB_URL, so that nothing is asked for its repositories' ids.
FORGE = "https://forge.example"
_numbers = count(1)


def make_issuer(provider: str = "github", **fields: Any) -> Issuer:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "url": f"https://issuer-{number}.example",
        "name": f"Forge {number}",
        "web_url": FORGE,
        "algorithms": ["RS256"],
    }
    return Issuer.objects.create(provider=provider, **(defaults | fields))


def make_publisher(crate: Crate, issuer: Issuer | None = None, **fields: Any) -> PublisherCrate:
    """The grant of a publisher of its own; `form` differs from `github_form` where it says so.

    Pinned to repository 74 of owner 65 unless the ids are given as "".
    """
    rule = _rule_columns(issuer or make_issuer(), fields)
    publisher = Publisher.objects.create(**rule)
    return PublisherCrate.objects.create(publisher=publisher, crate=crate)


def make_pending(
    name: str,
    owner: User | None = None,
    issuer: Issuer | None = None,
    *,
    expires_at: datetime | None = None,
    **fields: Any,
) -> PendingPublisher:
    """Expires in thirty days, unless told otherwise."""
    return PendingPublisher.objects.create(
        **_rule_columns(issuer or make_issuer(), fields),
        crate_name=name,
        canonical_name=canonical(name),
        owner=owner or make_user(f"owner-{next(_numbers)}"),
        expires_at=expires_at or timezone.now() + timedelta(days=30),
    )


def make_registrant(login: str = "alice") -> User:
    """Somebody with a verified address, who may therefore set up trust."""
    user = make_user(login)
    EmailAddress.objects.create(
        user=user, email=f"{login}@example.org", primary=True, verified=True
    )
    return user


def make_refusal(issuer: Issuer, **fields: Any) -> ExchangeRefusal:
    """`workload` differs from `make_workload` where it says so."""
    workload = make_workload(**fields.pop("workload", {}))
    defaults: dict[str, Any] = {
        "request_id": f"request-{next(_numbers)}",
        "code": "publisher_mismatch",
        "detail": "The publisher expects another workflow.",
    }
    return ExchangeRefusal.objects.create(
        issuer=issuer,
        workload=workload.as_dict(),
        repository_id=workload.repository_id,
        **(defaults | fields),
    )


def make_workload(**fields: Any) -> Workload:
    """A job on GitHub Actions that ran `release.yml` of octo/hello."""
    defaults: dict[str, Any] = {
        "provider": "github",
        "repository": "octo/hello",
        "repository_id": "74",
        "owner_id": "65",
        "workflow": "release.yml",
        "workflow_ref": "octo/hello/.github/workflows/release.yml@refs/tags/v1.0.0",
        "run_id": "1658821493",
        "event": "push",
    }
    return Workload(**(defaults | fields))


def github_form(**fields: str | None) -> dict[str, str | None]:
    """What somebody types for a workflow on GitHub Actions."""
    return {
        "repository_owner": "octo",
        "repository_name": "hello",
        "workflow_filename": "release.yml",
        "environment": "release",
    } | fields


def _rule_columns(issuer: Issuer, fields: dict[str, Any]) -> dict[str, Any]:
    provider = provider_for(issuer.provider)
    form = provider.normalise(github_form(**fields.pop("form", {})))
    conditions = provider.conditions(form)
    repository = provider.repository_of(form)
    columns: dict[str, Any] = {
        "issuer": issuer,
        "fields": dict(form),
        "conditions": [condition.as_dict() for condition in conditions],
        "digest": rule_digest(issuer.url, conditions),
        "repository": repository,
        "repository_folded": ascii_fold(repository),
        "repository_id": "74",
        "repository_owner_id": "65",
    }
    return columns | fields
