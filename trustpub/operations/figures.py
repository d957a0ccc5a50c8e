"""Adds up what the web processes noted, for /metrics."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from adapters.spool import collect
from trustpub.echo import printable
from trustpub.models import CountedNotes, Figure
from trustpub.notes import LONGEST_ISSUER, NONE, STRANGER, UNKNOWN_CLAIM
from trustpub.operations.strangers import add_strangers
from trustpub.operations.unknown_claims import add_unknown_claims

# Upper bounds in seconds; what takes longer has none.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ENDLESS = "+Inf"
# How long a collected file is remembered: longer than anybody fails to delete it.
KEEP_NAMES = timedelta(days=7)

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Notes:
    """How often, and how many seconds, for each figure; issuers that nobody trusts here.

    `unknown_claims` are numbers of issuers with names of claims.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    seconds: Counter[Key] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    unknown_claims: set[tuple[int, str]] = field(default_factory=set)


def fold_notes() -> None:
    """May run at any moment, twice at once, and be killed: each file is counted exactly once."""
    for path in collect(settings.NOTES_DIR):
        try:
            noted = _read(path)
        except FileNotFoundError:
            # Another worker on this folder was quicker.
            continue
        _add(path.stem, noted.counts, noted.seconds)
        add_strangers(noted.strangers)
        add_unknown_claims(noted.unknown_claims)
        path.unlink(missing_ok=True)
    CountedNotes.objects.filter(at__lt=timezone.now() - KEEP_NAMES).delete()


def _read(path: Path) -> Notes:
    """Lines that a full disk spoiled are left out."""
    noted = Notes()
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        words = line.split(" ")
        if len(words) != 4 or not _is_number(words[3]):
            continue
        if words[0] == STRANGER:
            noted.strangers[printable(unquote(words[2]), LONGEST_ISSUER)] += 1
            continue
        if words[0] == UNKNOWN_CLAIM:
            if words[1].isdecimal():
                noted.unknown_claims.add((int(words[1]), unquote(words[2])))
            continue
        what, provider, outcome = words[0][:24], words[1][:32], words[2][:40]
        provider = "" if provider == NONE else provider
        took = float(words[3])
        noted.counts[what, provider, outcome] += 1
        bucket = (f"{what}_seconds", "", _bucket(took))
        noted.counts[bucket] += 1
        noted.seconds[bucket] += took  # type: ignore[assignment]
    return noted


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _bucket(seconds: float) -> str:
    return next((str(bound) for bound in BUCKETS if seconds <= bound), ENDLESS)


@transaction.atomic
def _add(name: str, counts: Counter[Key], seconds: Counter[Key]) -> None:
    try:
        with transaction.atomic():
            CountedNotes.objects.create(name=name)
    except IntegrityError:
        return
    # In one order, so that two that add do not wait for each other.
    for key in sorted(counts):
        what, provider, outcome = key
        row, _ = Figure.objects.get_or_create(what=what, provider=provider, outcome=outcome)
        Figure.objects.filter(pk=row.pk).update(
            count=F("count") + counts[key], seconds=F("seconds") + seconds[key]
        )
