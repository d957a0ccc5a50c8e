"""Issuers' key sets: fetched through adapters.http, kept in the database, rotated (a.6, a.7)."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, limits
from adapters import jobs
from adapters.compiled import CompiledQuery
from adapters.http import OutgoingError, fetch_json
from registry.actors import System
from trustpub import known_issuers
from trustpub.announced import announced_in
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.jwks import KeySet, PublicJwk, UnusableKeySet, parse_key_set
from trustpub.models import Issuer, KeySetRow
from trustpub.notes import KEY_FETCH, noting

logger = logging.getLogger(__name__)
DISCOVERY = "/.well-known/openid-configuration"
MINUTE = timedelta(minutes=1)
# Anybody can invent an enterprise's own issuer (b.1), and each costs a row and a request.
NEW_ENTERPRISES_PER_MINUTE = 10
SECONDS_TO_WAIT = 5.0
PAUSE_SECONDS = 0.05
MOMENT = timedelta(seconds=1)
MOST_ABSENT = 256

Announced = dict[str, list[str]]


class _WaitingRoom:
    """Counts the threads of this process that wait for an issuer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """Whether there was one left."""
        with self._lock:
            found = self._inside < settings.KEY_WAITERS
            self._inside += found
        try:
            yield found
        finally:
            with self._lock:
                self._inside -= found


_waiting_room = _WaitingRoom()
# Keys that a process did not find, with the moment at which their set had been loaded.
_absent: dict[tuple[str, str], datetime] = {}
_KNOWN = CompiledQuery(
    # The keys themselves are kept parsed.
    lambda url: (
        KeySetRow.objects.with_switches()
        .filter(url=url)
        .defer("keys", "previous_keys", "announced")
        .annotate(row_versions=known_issuers.row_versions())
        .order_by("pk")
    ),
    url=str,
)


class KeysUnavailable(Exception):
    """The issuer's keys could not be loaded; the text is for administrators."""


def known(issuer_url: str) -> KeySetRow | None:
    """The stored set of that exact `iss` with its issuer, if there is one; one query."""
    if not (issuer_url.isascii() and issuer_url.isprintable()):
        return None
    # A database may fold letters.
    return next((row for row in _KNOWN.rows(url=issuer_url) if row.url == issuer_url), None)


def key_for(
    issuer: Issuer, issuer_url: str, kid: str, *, row: KeySetRow | None = None
) -> PublicJwk:
    """The issuer's current key of that id; `row` is the stored set where it is at hand.

    Raises ExchangeRefused: jwks_unavailable when the keys cannot be loaded or are too old,
    unknown_key when the current set lacks the id.
    """
    row = row or _row(issuer, issuer_url)
    now = timezone.now()
    if row.fetched_at is None or now - row.fetched_at > settings.KEY_SET_HARD_AGE:
        row = _refreshed(row)
        if row.fetched_at is None or timezone.now() - row.fetched_at > settings.KEY_SET_HARD_AGE:
            raise _unavailable(row)
    elif now - row.fetched_at > settings.KEY_SET_SOFT_AGE and _is_cool(row):
        jobs.after_commit("trustpub.refresh_key_set", row.pk)
    key = _keys(row).get(kid)
    if key is None and not _is_absent(row, kid):
        row = _refreshed(row)
        key = _keys(row).get(kid)
    if key is None and (row.error or _is_loading(row)):
        # It may be the new one, which an issuer that does not answer could not show us.
        raise _unavailable(row)
    if key is None:
        _note_absent(row, kid)
        raise ExchangeRefused(
            ExchangeCode.UNKNOWN_KEY,
            "the token was signed with a key that is not in the issuer's current key set; "
            "request a new ID token and try again",
        )
    known_issuers.remember(row, _keys(row))
    return key


def refresh(row: KeySetRow) -> None:
    """Loads the keys unless that was tried a moment ago, for the clock and for stale sets.

    A failure is kept on the row for administrators; an enterprise that never had keys is forgotten.
    """
    if row.fetched_at is None and row.url != row.issuer.url:
        row.delete()
    elif _claim(row):
        _load(row)


def _row(issuer: Issuer, issuer_url: str) -> KeySetRow:
    row = KeySetRow.objects.filter(url=issuer_url).first()
    if row is not None:
        return row
    if issuer_url != issuer.url:
        limits.hit(
            "new-enterprise",
            str(issuer.pk),
            limit=NEW_ENTERPRISES_PER_MINUTE,
            window=MINUTE,
            what="exchanges of ID tokens",
        )
    return KeySetRow.objects.get_or_create(url=issuer_url, defaults={"issuer": issuer})[0]


def _refreshed(row: KeySetRow) -> KeySetRow:
    """The row after one attempt to load it, ours or that of a request at the same moment.

    Only some threads may wait: a slow issuer must not take those that serve everything else.
    """
    with _waiting_room.seat() as seated:
        return _awaited(row) if seated else _awaited_standing(row)


def _awaited_standing(row: KeySetRow) -> KeySetRow:
    """For the others: an issuer in good health answers within a moment of the attempt."""
    arrived = timezone.now()
    while True:
        row.refresh_from_db()
        # The attempt of those with a seat, who may be about to begin.
        began = arrived if _is_cool(row) else (row.attempted_at or arrived)
        if not _is_cool(row) and not _is_loading(row):
            return row
        if timezone.now() - began > MOMENT:
            raise _unavailable(row, timezone.now() + timedelta(seconds=SECONDS_TO_WAIT))
        time.sleep(PAUSE_SECONDS)


def _awaited(row: KeySetRow) -> KeySetRow:
    if _claim(row):
        _load(row)
    row.refresh_from_db()
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while _is_loading(row) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        row.refresh_from_db()
    return row


def _claim(row: KeySetRow) -> bool:
    """Whether it is ours to load the keys: one attempt in a cooldown, whoever asks."""
    now = timezone.now()
    cool = Q(attempted_at=None) | Q(attempted_at__lt=now - settings.KEY_SET_COOLDOWN)
    claimed = KeySetRow.objects.filter(cool, pk=row.pk).update(attempted_at=now, error="")
    return bool(claimed)


def _is_cool(row: KeySetRow) -> bool:
    tried = row.attempted_at
    return tried is None or tried < timezone.now() - settings.KEY_SET_COOLDOWN


def _is_loading(row: KeySetRow) -> bool:
    tried = row.attempted_at
    if tried is None or row.error or timezone.now() - tried > _longest_load():
        return False
    return row.fetched_at is None or row.fetched_at < tried


def _longest_load() -> timedelta:
    """Discovery and keys are two requests."""
    return timedelta(seconds=2 * settings.KEY_FETCH_SECONDS)


def _load(row: KeySetRow) -> None:
    try:
        key_set, announced = _fetched(row)
    except (KeysUnavailable, OutgoingError, UnusableKeySet) as error:
        logger.warning("keys of %s could not be loaded: %s", row.url, error)
        KeySetRow.objects.filter(pk=row.pk).update(error=str(error)[:255])
        return
    for skipped in key_set.skipped:
        logger.warning("key %.40r of %s is not used: %s", skipped.kid, row.url, skipped.reason)
    _replace(row, [dict(key.raw) for key in key_set.keys.values()], announced)


def _fetched(row: KeySetRow) -> tuple[KeySet, Announced]:
    with noting(KEY_FETCH) as noted:
        noted.provider = row.issuer.provider
        noted.outcome = "loaded"
        keys, announced = _fetch(row.issuer, row.url)
        key_set = parse_key_set(keys)
        if key_set.skipped:
            noted.outcome = "loaded_in_part"
        return key_set, announced


@transaction.atomic
def _replace(
    row: KeySetRow, keys: list[dict[str, object]], announced: Announced | None = None
) -> None:
    locked = KeySetRow.objects.select_for_update().get(pk=row.pk)
    before = sorted(str(key["kid"]) for key in locked.keys)
    after = sorted(str(key["kid"]) for key in keys)
    if before != after:
        locked.previous_keys = locked.keys
        audit.record(
            "issuer.keys_changed",
            actor=System("key refresh"),
            subject=row.url,
            before={"key_ids": before},
            after={"key_ids": after},
        )
    locked.keys = keys
    locked.announced = announced or {}
    locked.fetched_at = timezone.now()
    locked.error = ""
    locked.save()


def _fetch(issuer: Issuer, issuer_url: str) -> tuple[object, Announced]:
    answer = _asked(issuer, issuer_url + DISCOVERY)
    if not isinstance(answer, dict):
        raise KeysUnavailable("the discovery document is not a JSON object")
    if answer.get("issuer") != issuer_url:
        raise KeysUnavailable("the discovery document names another issuer")
    address = answer.get("jwks_uri")
    if not isinstance(address, str) or not _is_trusted_host(issuer, issuer_url, address):
        raise KeysUnavailable("jwks_uri is not on the issuer's host")
    return _asked(issuer, address), announced_in(answer)


def _asked(issuer: Issuer, address: str) -> object:
    return fetch_json(
        address,
        allow_private=issuer.internal_network,
        total_timeout=settings.KEY_FETCH_SECONDS,
    ).body


def _is_trusted_host(issuer: Issuer, issuer_url: str, address: str) -> bool:
    own, other = urlsplit(issuer_url), urlsplit(address)
    if other.scheme != own.scheme or other.username or other.password:
        return False
    return other.netloc == own.netloc or other.hostname in issuer.extra_key_hosts


def _keys(row: KeySetRow) -> dict[str, PublicJwk]:
    return _parsed(row.url, row.fetched_at, row.pk) if row.fetched_at else {}


@lru_cache(maxsize=64)
def _parsed(url: str, fetched_at: datetime, pk: int) -> dict[str, PublicJwk]:
    """Parsed once per process and fetch."""
    row = KeySetRow.objects.get(pk=pk)
    return dict(parse_key_set({"keys": row.keys}).keys)


def _is_absent(row: KeySetRow, kid: str) -> bool:
    """Whether a job asked for it in vain, and the set cannot have been loaded again since."""
    loaded_at = _absent.get((row.url, kid))
    return loaded_at is not None and loaded_at == row.fetched_at and not _is_cool(row)


def _note_absent(row: KeySetRow, kid: str) -> None:
    if len(_absent) >= MOST_ABSENT:
        _absent.clear()
    if row.fetched_at is not None:
        _absent[row.url, kid] = row.fetched_at


def _unavailable(row: KeySetRow, retry_at: datetime | None = None) -> ExchangeRefused:
    retry_at = retry_at or (row.attempted_at or timezone.now()) + settings.KEY_SET_COOLDOWN
    return ExchangeRefused(
        ExchangeCode.JWKS_UNAVAILABLE,
        "could not load the issuer's keys; this is not your workflow's fault, try again later",
        extra={"retryable": True},
        retry_at=retry_at,
    )
