"""What people are told by the clock, once or once a day (reference, g.1).

Looked up here and not where it happens, so that no exchange and no upload waits for it. Each
finding has a key of its own in the database; whoever inserts it sends the letter after the commit.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent
from adapters import jobs
from registry.actors import System
from registry.models import VersionAction
from trustpub.models import (
    ExchangeRefusal,
    KeySetRow,
    Notice,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
)

CLOCK = System("clock")
BEFORE_PENDING_EXPIRES = timedelta(days=5)
BEFORE_PUBLISHER_LAPSES = timedelta(days=2)
UNUSED = timedelta(days=180)
DAY = timedelta(days=1)
# How far back is looked, so that a worker that stood still for a night misses nothing.
LOOK_BACK = timedelta(days=2)
KEYS_MAY_FAIL = timedelta(hours=1)
# Keys that begin so hold a date and are of no use after it.
DAILY = "daily:"
# Publishers that are looked at together.
AT_ONCE = 500

Context = dict[str, object]
# What somebody is told of a publisher, and the key under which it was.
Finding = tuple[str, Publisher, Context]


def notify(now: datetime | None = None) -> None:
    """Everything that somebody has to be told by now; safe to run twice, and at once."""
    at = now or timezone.now()
    for look in LOOKS:
        look(at)
    Notice.objects.filter(key__startswith=DAILY, at__lt=at - LOOK_BACK).delete()


def _pending_expire_soon(now: datetime) -> None:
    soon = PendingPublisher.objects.unexpired(now).filter(
        expires_at__lt=now + BEFORE_PENDING_EXPIRES,
        # Not one that was registered for as short a time.
        created_at__lt=now - DAY,
    )
    for pending in soon.select_related("issuer", "owner"):
        with transaction.atomic():
            key = f"pending:{pending.pk}"
            context: Context = {
                "crate_name": pending.crate_name,
                "publisher": str(pending),
                "day": _day(pending.expires_at),
            }
            if _tell(key, "pending_expires_soon", ("person", pending.owner_id), context):
                audit.record(
                    "pending.reminded",
                    actor=CLOCK,
                    crate=pending.crate_name,
                    subject=str(pending),
                )


def _publishers_lapse(now: datetime) -> None:
    unpinned = Publisher.objects.filter(pin_before__lt=now + BEFORE_PUBLISHER_LAPSES)
    active = unpinned.filter(state=Publisher.State.ACTIVE, pin_before__gt=now)
    # With the day in the key, because an owner may have renewed it.
    for some in _pages(active):
        days = [(publisher, _day(publisher.pin_before or now)) for publisher in some]
        soon: list[Finding] = [(f"lapses:{one.pk}:{day}", one, {"day": day}) for one, day in days]
        _tell_owners("publisher_lapses_soon", soon)
    for some in _pages(unpinned.filter(state=Publisher.State.EXPIRED)):
        days = [(publisher, _day(publisher.pin_before or now)) for publisher in some]
        _tell_owners("publisher_lapsed", [(f"lapsed:{one.pk}:{day}", one, {}) for one, day in days])


def _publishers_unused(now: datetime) -> None:
    active = Publisher.objects.filter(state=Publisher.State.ACTIVE, created_at__lt=now - UNUSED)
    # Used never, or not for so long.
    stale = active.exclude(last_used_at__gte=now - UNUSED)
    for some in _pages(stale):
        found: list[Finding] = []
        for publisher in some:
            used = _day(publisher.last_used_at) if publisher.last_used_at else ""
            context: Context = {"used": used, "days": UNUSED.days}
            found.append((f"unused:{publisher.pk}:{used}", publisher, context))
        _tell_owners("publisher_unused", found)


def _exchanges_refused(now: datetime) -> None:
    """The first at once, later ones as a digest of the day; known by the repository's number."""
    recent = ExchangeRefusal.objects.filter(at__gt=now - DAY)
    found: dict[tuple[int, str], Counter[str]] = {}
    rows = recent.exclude(repository_id="").values_list(
        "issuer_id", "repository_id", "code", "count"
    )
    for issuer_id, repository_id, code, count in rows:
        found.setdefault((issuer_id, repository_id), Counter())[code] += count
    for (issuer_id, repository_id), codes in found.items():
        publishers = Publisher.objects.filter(issuer=issuer_id, repository_id=repository_id)
        lines = [f"{count} x {code}" for code, count in sorted(codes.items())]
        for some in _pages(publishers):
            _tell_owners(
                "exchanges_refused",
                [
                    (
                        f"{DAILY}refused:{publisher.pk}:{_day(now)}",
                        publisher,
                        {"repository": publisher.repository, "refusals": lines},
                    )
                    for publisher in some
                ],
            )


def _environments_ignored(now: datetime) -> None:
    since = now - LOOK_BACK
    # A token ends after it was issued, and an index knows when.
    tokens = PublishToken.objects.filter(issued_at__gt=since, expires_at__gt=since)
    # Each once, however many tokens a busy job was given.
    named = {
        (grant_id, environment)
        for token in tokens.exclude(workload__environment=None)
        if (environment := token.typed_workload().environment)
        for grant_id in token.grant_ids
    }
    grants = PublisherCrate.objects.select_related("publisher__issuer").in_bulk(
        {grant_id for grant_id, _ in named}
    )
    ignored = {
        (grants[grant_id].publisher, environment)
        for grant_id, environment in named
        if grant_id in grants and not grants[grant_id].publisher.asks_for_environment
    }
    found: list[Finding] = []
    for publisher, environment in ignored:
        digest = hashlib.sha256(environment.encode()).hexdigest()[:32]
        context: Context = {"environment": environment}
        found.append((f"environment:{publisher.pk}:{digest}", publisher, context))
    _tell_owners("environment_ignored", found)


def _api_tokens_used(now: datetime) -> None:
    """A long-lived token published although the crate could do without."""
    actions = VersionAction.objects.filter(
        action=VersionAction.Action.PUBLISH,
        at__gt=now - LOOK_BACK,
        # As true of a publish, and an index knows it.
        version__created_at__gt=now - LOOK_BACK - DAY,
        api_token_id__isnull=False,
        version__crate__publisher_grants__publisher__state=Publisher.State.ACTIVE,
    )
    used = actions.select_related("version__crate", "user").order_by("-pk").distinct()
    for (token_id, crate_id), action in {
        (action.api_token_id, action.version.crate_id): action for action in used
    }.items():
        context: Context = {"version": str(action.version), "login": action.user.login}
        key = f"token:{token_id}:{crate_id}"
        with transaction.atomic():
            _tell(key, "api_token_used", ("crate", crate_id), context)
            crate = action.version.crate
            if not crate.is_owned_by(action.user):
                # Who publishes for a team is none of those to whom the letter goes.
                address = f"{settings.PUBLIC_URL}/crates/{crate.name}"
                own: Context = {**context, "crate": {"name": crate.name}, "address": address}
                _tell(f"{key}:own", "api_token_used", ("person", action.user_id), own)


def _keys_of_issuers(now: datetime) -> None:
    late = now - KEYS_MAY_FAIL
    for row in KeySetRow.objects.exclude(error="").select_related("issuer"):
        if row.issuer.is_enabled and (row.fetched_at is None or row.fetched_at < late):
            with transaction.atomic():
                key = f"{DAILY}keys:{row.pk}:{_day(now)}"
                context: Context = {"issuer": row.url, "problem": row.error}
                if _tell(key, "keys_failed", ("administrators", 0), context):
                    after = {"error": row.error}
                    audit.record("issuer.keys_failed", actor=CLOCK, subject=row.url, after=after)
    changed = AuditEvent.objects.filter(name="issuer.keys_changed", at__gt=now - LOOK_BACK)
    for event in changed.exclude(before={"key_ids": []}):
        context = {
            "issuer": event.subject,
            "before": ", ".join(map(str, event.before.get("key_ids", []))),
            "after": ", ".join(map(str, event.after.get("key_ids", []))),
        }
        with transaction.atomic():
            _tell(f"keys_changed:{event.pk}", "keys_changed", ("administrators", 0), context)


def _pages(publishers: "QuerySet[Publisher]") -> Iterator[list[Publisher]]:
    last = 0
    rows = publishers.select_related("issuer").order_by("pk")
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        yield some
        last = some[-1].pk


def _tell_owners(letter: str, found: Sequence[Finding]) -> None:
    """One letter for each crate of each publisher; two queries where all of them were told."""
    crates: defaultdict[int, list[int]] = defaultdict(list)
    grants = PublisherCrate.objects.filter(
        publisher__in={publisher.pk for _, publisher, _ in found}
    )
    for publisher_id, crate_id in grants.values_list("publisher_id", "crate_id"):
        crates[publisher_id].append(crate_id)
    letters = {
        f"{key}:{crate_id}": (crate_id, {"publisher": str(publisher), **context})
        for key, publisher, context in found
        for crate_id in crates[publisher.pk]
    }
    told = set(Notice.objects.filter(key__in=letters).values_list("key", flat=True))
    for key, (crate_id, facts) in letters.items():
        if key not in told:
            with transaction.atomic():
                _tell(key, letter, ("crate", crate_id), facts)


def _tell(key: str, letter: str, receivers: tuple[str, int], context: Context) -> bool:
    """Queues the letter unless that was done before; answers whether it is new."""
    _, is_new = Notice.objects.get_or_create(key=key)
    if is_new:
        jobs.after_commit("trustpub.mail_notice", letter, *receivers, json.dumps(context))
    return is_new


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


LOOKS: tuple[Callable[[datetime], None], ...] = (
    _pending_expire_soon,
    _publishers_lapse,
    _publishers_unused,
    _exchanges_refused,
    _environments_ignored,
    _api_tokens_used,
    _keys_of_issuers,
)
