"""Remembers which claims providers do not know, so that administrators learn of changes (a.13).

An exchange tells a process's notes of a name once a day, and the clock writes it down.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.utils import timezone

from trustpub import notes
from trustpub.echo import printable
from trustpub.jwt import VerifiedClaims
from trustpub.models import Issuer, UnknownClaim
from trustpub.models.unknown_claim import LONGEST_NAME
from trustpub.providers.known_claims import unknown_claims

logger = logging.getLogger(__name__)
# Whoever may fill in templates of claims can invent many.
MOST_PER_ISSUER = 50


class _Told:
    """What this process has noted today. A race between its threads notes a name twice."""

    def __init__(self) -> None:
        self._day = date.min
        self._names: dict[int, set[str]] = {}

    def is_news(self, issuer: Issuer, name: str) -> bool:
        today = timezone.now().date()
        if today != self._day:
            self._day, self._names = today, {}
        names = self._names.setdefault(issuer.pk, set())
        if name in names or len(names) >= MOST_PER_ISSUER:
            return False
        names.add(name)
        return True


_told = _Told()


def note_unknown_claims(issuer: Issuer, claims: VerifiedClaims) -> None:
    """Of a token that this issuer has signed for this registry; no query."""
    for name in unknown_claims(issuer.adapter, claims):
        shown = printable(name, LONGEST_NAME)
        if _told.is_news(issuer, shown):
            notes.of_unknown_claim(issuer.pk, shown)


def add_unknown_claims(seen: Iterable[tuple[int, str]]) -> None:
    """Number of an issuer and name of a claim; twice does no harm. The longest unseen make room."""
    by_issuer: defaultdict[int, set[str]] = defaultdict(set)
    for number, name in seen:
        by_issuer[number].add(name)
    for issuer in Issuer.objects.filter(pk__in=by_issuer):
        _add(issuer, by_issuer[issuer.pk])


def _add(issuer: Issuer, names: Iterable[str]) -> None:
    now = timezone.now()
    for name in sorted(names):
        row, is_new = UnknownClaim.objects.get_or_create(issuer=issuer, name=name[:LONGEST_NAME])
        if is_new:
            logger.warning("tokens of %s have a claim that nobody knows: %s", issuer.url, row.name)
        UnknownClaim.objects.filter(pk=row.pk).update(last_seen_at=now)
    rows = UnknownClaim.objects.filter(issuer=issuer).order_by("-last_seen_at", "pk")
    surplus = list(rows.values_list("pk", flat=True)[MOST_PER_ISSUER:])
    UnknownClaim.objects.filter(pk__in=surplus).delete()


def forget_unknown_claims() -> None:
    """Those that no token had for as long as refusals are kept."""
    since = timezone.now() - settings.KEEP_REFUSED_EXCHANGES
    UnknownClaim.objects.filter(last_seen_at__lt=since).delete()
