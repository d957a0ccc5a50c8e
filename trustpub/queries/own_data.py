"""Everything that the registry holds about one person, for them to take away."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import QuerySet

from accounts.models import User
from accounts.queries.security_log import own_events
from registry.models import Follow, Version, VersionAction
from trustpub.models import PendingPublisher

Facts = Mapping[str, Any]


def own_data(user: User) -> Iterator[tuple[str, Facts | Iterable[Facts]]]:
    """Section by section, the long ones read as they are written; digests and secrets left out."""
    yield "account", {name: getattr(user, name) for name in ACCOUNT}
    yield (
        "sign_ins",
        _rows(SocialAccount.objects.filter(user=user), "provider", "uid", "extra_data"),
    )
    factors = Authenticator.objects.filter(user=user)
    yield "second_factors", _rows(factors, "type", "data__name", "created_at", "last_used_at")
    addresses = EmailAddress.objects.filter(user=user)
    yield "email_addresses", _rows(addresses, "email", "verified", "primary")
    yield "api_tokens", _rows(user.api_tokens.all(), *TOKEN)
    yield "sessions", _rows(user.sessions.all(), *SESSION)
    yield "owned_crates", _rows(user.ownerships.all(), "crate__name", "created_at")
    yield "followed_crates", _rows(Follow.objects.filter(user=user), "crate__name", "created_at")
    yield "published_versions", _rows(Version.everything.filter(published_by=user), *VERSION)
    yield "version_actions", _rows(VersionAction.objects.filter(user=user), *ACTION)
    yield "pending_publishers", _rows(PendingPublisher.objects.filter(owner=user), *PENDING)
    yield "reports", _rows(user.reports.all(), *REPORT)
    yield "events", _rows(own_events(user), *EVENT)


ACCOUNT = (
    "login",
    "github_id",
    "name",
    "email",
    "avatar_url",
    "publish_notifications",
    "created_at",
)
TOKEN = (
    "name",
    "endpoint_scopes",
    "crate_patterns",
    "created_at",
    "expires_at",
    "last_used_at",
    "last_used_agent",
    "last_network",
    "revoked_at",
)
SESSION = ("created_at", "last_seen_at", "expire_date", "address", "user_agent")
VERSION = ("crate__name", "num", "created_at", "checksum", "user_agent")
ACTION = ("version__crate__name", "version__num", "action", "at")
PENDING = ("crate_name", "issuer__url", "fields", "expires_at")
REPORT = ("crate_name", "num", "category", "text", "created_at", "state", "answer")
EVENT = ("at", "name", "actor_label", "crate", "subject", "before", "after", "address")


def _rows(rows: "QuerySet[Any]", *fields: str) -> Iterator[Facts]:
    return rows.values(*fields).iterator()
