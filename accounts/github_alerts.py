"""Whether an alert comes from GitHub's secret scanning (crates-io-api reference, 4.4)."""

import logging

from django.conf import settings
from django.core.cache import cache

from accounts.errors import AlertKeysUnavailable, UnverifiedAlert
from adapters.github import GITHUB_COM_API
from adapters.github_alerts import InvalidAlertSignature, check_signature, fetch_current_keys
from adapters.http import OutgoingError

logger = logging.getLogger(__name__)
DAY_SECONDS = 24 * 3600
# Anybody can invent an identifier, and only GitHub knows a new one.
SECONDS_BETWEEN_FETCHES = 60
KEYS, ASKED = "github-alert-keys", "github-alert-keys-asked"


def key_named(identifier: str | None) -> str:
    """The PEM of GitHub's current key; raises UnverifiedAlert or AlertKeysUnavailable.

    Keys are kept for a day. For an unknown identifier GitHub is asked again, at most once a minute
    for all processes together.
    """
    if not identifier:
        raise UnverifiedAlert("missing HTTP header: GITHUB-PUBLIC-KEY-IDENTIFIER")
    keys: dict[str, str] | None = cache.get(KEYS)
    if keys is None or identifier not in keys:
        keys = _fetched() or keys
    if keys is None:
        raise AlertKeysUnavailable
    if identifier not in keys:
        raise UnverifiedAlert("GitHub has no current key of this identifier")
    return keys[identifier]


def verify(*, pem: str, signature: str | None, body: bytes) -> None:
    """Raises UnverifiedAlert unless the key signed the body."""
    if not signature:
        raise UnverifiedAlert("missing HTTP header: GITHUB-PUBLIC-KEY-SIGNATURE")
    try:
        check_signature(pem, signature, body)
    except InvalidAlertSignature as error:
        raise UnverifiedAlert(str(error)) from None


def _fetched() -> dict[str, str] | None:
    """None where GitHub was asked a moment ago, or gives no usable answer."""
    # Reading first, because adding would write for each of a flood's requests.
    if cache.get(ASKED) or not cache.add(ASKED, 1, SECONDS_BETWEEN_FETCHES):
        return None
    try:
        keys = fetch_current_keys(
            settings.GITHUB_API_URL,
            client=settings.GITHUB_CLIENT if settings.GITHUB_LOGIN else None,
            allow_private=settings.GITHUB_API_URL != GITHUB_COM_API,
        )
    except OutgoingError as error:
        logger.warning("GitHub's keys for secret scanning could not be loaded: %s", error)
        return None
    cache.set(KEYS, keys, DAY_SECONDS)
    return keys
