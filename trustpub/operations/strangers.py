"""Issuers that sent tokens and are not trusted here, for administrators (a.5).

Anybody can name any issuer, so they are kept in the cache alone: few, for a while, and never by a
request itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

KEY = "trustpub:strangers"
MOST = 50


@dataclass(frozen=True, slots=True)
class Stranger:
    """How often tokens named this issuer, and when for the first and the last time."""

    issuer: str
    attempts: int
    first_at: datetime
    last_at: datetime


def add_strangers(counts: Mapping[str, int]) -> None:
    """Those that knock most often stay."""
    if not counts:
        return
    now = timezone.now()
    known = {found.issuer: found for found in strangers()}
    for issuer, attempts in counts.items():
        before = known.get(issuer) or Stranger(issuer, 0, now, now)
        known[issuer] = replace(before, attempts=before.attempts + attempts, last_at=now)
    kept = sorted(known.values(), key=lambda found: (-found.attempts, found.issuer))[:MOST]
    rows = [(found.issuer, found.attempts, found.first_at, found.last_at) for found in kept]
    cache.set(KEY, rows, settings.KEEP_REFUSED_EXCHANGES.total_seconds())


def strangers() -> Sequence[Stranger]:
    """The most frequent first; only those seen for as long as refusals are kept."""
    since = timezone.now() - settings.KEEP_REFUSED_EXCHANGES
    found = [Stranger(*row) for row in cache.get(KEY) or ()]
    return [stranger for stranger in found if stranger.last_at > since]
