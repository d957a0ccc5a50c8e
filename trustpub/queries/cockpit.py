"""What administrators see of issuers: keys, refusals, and what each switch would stop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import AuditEvent
from registry.models import Crate
from registry.pictures.bars import Bars, Series, stacked_bars
from trustpub.models import (
    ExchangeRefusal,
    Issuer,
    KeySetRow,
    PendingPublisher,
    Publisher,
    PublisherCrate,
    PublishToken,
    SwitchedOff,
)
from trustpub.models.switch import (
    PENDING_PUBLISHERS,
    PROVIDER_PREFIX,
    TRUSTED_PUBLISHING,
    switch_names,
)

DAYS = 30
# The most frequent codes have a colour each, the others share one.
STYLES = ("series-1", "series-2", "series-3", "series-4", "series-5")


@dataclass(frozen=True, slots=True)
class Key:
    """`last_seen` is when it was in the set for the last time that we looked."""

    issuer_url: str
    kid: str
    kind: str
    first_seen: datetime | None
    last_seen: datetime | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What stops while these issuers are off; `stranded` crates have no other way to publish."""

    publishers: int
    crates: int
    stranded: int
    pending: int
    live_tokens: int

    def in_words(self) -> list[str]:
        """For previews: without what changes by the minute, or no confirmation would fit them."""
        return [
            f"{self.publishers} active publishers of {self.crates} crates grant nothing meanwhile",
            f"{self.stranded} of these crates only CI may publish",
        ]


@dataclass(frozen=True, slots=True)
class Switch:
    """`row` is there while it is off."""

    name: str
    title: str
    effect: Effect
    row: SwitchedOff | None


def effect_of(issuers: "QuerySet[Issuer]", *, now: datetime | None = None) -> Effect:
    """Of switching these off, as it stands now."""
    now = now or timezone.now()
    rights = PublisherCrate.objects.filter(
        publisher__issuer__in=issuers, publisher__state=Publisher.State.ACTIVE
    )
    crates = Crate.objects.filter(pk__in=rights.values("crate"))
    tokens = PublishToken.objects.usable(now).filter(issuer__in=issuers)
    return Effect(
        publishers=rights.values("publisher").distinct().count(),
        crates=crates.count(),
        stranded=crates.filter(trustpub_only=True).count(),
        pending=PendingPublisher.objects.unexpired(now).filter(issuer__in=issuers).count(),
        live_tokens=tokens.count(),
    )


def switches() -> list[Switch]:
    """Those of the whole installation, without kinds of CI system that nobody uses here."""
    off = {row.name: row for row in SwitchedOff.objects.all()}
    used = set(Issuer.objects.values_list("provider", flat=True))
    found = []
    for name, title in switch_names():
        kind = name.removeprefix(PROVIDER_PREFIX)
        if name.startswith(PROVIDER_PREFIX) and kind not in used and name not in off:
            continue
        found.append(Switch(name, title, effect_of(stopped_by(name)), off.get(name)))
    return found


def stopped_by(name: str) -> "QuerySet[Issuer]":
    if name == TRUSTED_PUBLISHING:
        return Issuer.objects.all()
    if name == PENDING_PUBLISHERS:
        # Nothing that is there stops; only new ones are refused.
        return Issuer.objects.none()
    return Issuer.objects.filter(provider=name.removeprefix(PROVIDER_PREFIX))


def keys_of(issuer: Issuer) -> list[Key]:
    """The current ones first, then those that went, the latest first; from the audit log."""
    found: list[Key] = []
    for row in issuer.key_sets.order_by("url"):
        found += _keys_of_set(row)
    found.sort(key=lambda key: (key.is_current, key.last_seen or NEVER), reverse=True)
    return found


NEVER = datetime.min.replace(tzinfo=UTC)


def _keys_of_set(row: KeySetRow) -> list[Key]:
    first: dict[str, datetime] = {}
    gone: dict[str, datetime] = {}
    events = AuditEvent.objects.filter(name="issuer.keys_changed", subject=row.url[:255])
    for event in events.order_by("pk"):
        before, after = _ids(event.before), _ids(event.after)
        for kid in after - before:
            first.setdefault(kid, event.at)
        for kid in before - after:
            gone[kid] = event.at
    current = {str(key.get("kid")): key for key in row.keys}
    known = {str(key.get("kid")): key for key in row.previous_keys} | current
    return [
        Key(
            issuer_url=row.url,
            kid=kid,
            kind=_kind(known.get(kid, {})),
            first_seen=first.get(kid),
            last_seen=row.fetched_at if kid in current else gone.get(kid),
            is_current=kid in current,
        )
        for kid in sorted(current.keys() | first.keys() | gone.keys())
    ]


def _ids(side: dict[str, object]) -> set[str]:
    ids = side.get("key_ids")
    return {str(kid) for kid in ids} if isinstance(ids, list) else set()


def _kind(key: dict[str, object]) -> str:
    return " ".join(str(key[name]) for name in ("kty", "crv", "alg") if name in key)


def refusals_by_code(issuer: Issuer | None = None, *, today: datetime | None = None) -> Bars | None:
    """A column for each of the last 30 days; None where nothing was refused.

    Those whose signature was good: the others name no issuer that could be believed.
    """
    now = today or timezone.now()
    days = [(now - timedelta(days=back)).date() for back in reversed(range(DAYS))]
    since = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    rows = ExchangeRefusal.objects.filter(Q(issuer=issuer) if issuer else Q(), at__gte=since)
    counts: Counter[tuple[object, str]] = Counter()
    totals: Counter[str] = Counter()
    by_day = rows.annotate(day=TruncDate("at", tzinfo=UTC)).values_list("day", "code")
    for day, code, count in by_day.order_by().annotate(n=Sum("count")):
        counts[day, code] += count
        totals[code] += count
    if not totals:
        return None
    codes = [code for code, _ in totals.most_common()]
    shown, rest = codes[: len(STYLES)], codes[len(STYLES) :]
    series = [
        Series(code, style, [counts[day, code] for day in days])
        for code, style in zip(shown, STYLES, strict=False)
    ]
    if rest:
        series.append(Series("others", "series-rest", _summed(counts, days, rest)))
    return stacked_bars([f"{day:%-d %b}" for day in days], series[::-1])


def _summed(
    counts: Counter[tuple[object, str]], days: Sequence[object], codes: Sequence[str]
) -> list[int]:
    return [sum(counts[day, code] for code in codes) for day in days]
