"""Deed: something that a moderator does to rows, with a reason, a preview and a report."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.db.models import Model, QuerySet

from accounts.audit import Acting
from accounts.errors import Refusal
from accounts.models import User
from accounts.powers import Moderator, Power

# At once: what somebody can still read through before they confirm it.
MAX_ROWS = 100


class DeedForm(forms.Form):
    """What every deed asks; some ask more."""

    reason = forms.CharField(
        max_length=255,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the audit log, and for whom it concerns.",
    )

    def clean_reason(self) -> str:
        """One line, as logs and letters show it."""
        return " ".join(self.cleaned_data["reason"].split())

    def facts(self) -> dict[str, str]:
        """What was filled in, as text: what the preview was made of."""
        return {name: str(value) for name, value in self.cleaned_data.items()}


class Deed:
    """A subclass names an operation, tells ahead what that would change, and calls it."""

    # As in the address; unique among those of one list.
    name: ClassVar[str]
    # As on the button: "Lock".
    title: ClassVar[str]
    # What it is for, in a sentence.
    about: ClassVar[str] = ""
    form: ClassVar[type[DeedForm]] = DeedForm
    power: ClassVar[Power] = Power.MODERATE
    # False: it is done once, to none of the rows that are there.
    to_rows: ClassVar[bool] = True
    is_severe: ClassVar[bool] = False

    def actor(self, user: User, reason: str) -> Acting:
        return Moderator(user, reason)

    def hold(self, row: Any) -> None:
        """Locks what others might change between the comparison and the operation."""

    def effects(self, row: Any, data: Mapping[str, Any]) -> list[str]:
        """What would change, a sentence each."""
        raise NotImplementedError

    def do(self, actor: Any, row: Any, data: Mapping[str, Any]) -> None:
        """Calls one operation."""
        raise NotImplementedError


class Verdict(StrEnum):
    """How it stands with a row, ahead or afterwards."""

    ALLOWED = "will be done"
    DONE = "done"
    REFUSED = "refused"
    CHANGED = "left alone"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of a preview or a report."""

    key: str
    label: str
    verdict: Verdict
    effects: list[str] = field(default_factory=list)
    problem: str = ""
    # What the preview showed, in short; the confirmation sends it back.
    seen: str = ""

    @property
    def field(self) -> str:
        return f"{self.key}:{self.seen}"


class _Undo(Exception):
    """Ends a rehearsal."""


def preview(deed: Deed, user: User, rows: Sequence[Any], data: Mapping[str, Any]) -> list[Outcome]:
    """Rehearses the deed on all rows and takes all of it back, so refusals are the real ones."""
    outcomes: list[Outcome] = []
    try:
        with transaction.atomic():
            outcomes = [_rehearse(deed, user, row, data) for row in rows]
            raise _Undo
    except _Undo:
        return outcomes


def carry_out(
    deed: Deed, user: User, rows: QuerySet[Any], seen: Mapping[str, str], data: Mapping[str, Any]
) -> list[Outcome]:
    """Row by row, each in a transaction; a row that is not as the preview showed it is left."""
    return [_carry_out_one(deed, user, rows, key, seen[key], data) for key in seen]


def _rehearse(deed: Deed, user: User, row: Any, data: Mapping[str, Any]) -> Outcome:
    key, label = _key(row), _label(deed, row, data)
    effects = deed.effects(row, data)
    seen = _digest(key, label, effects, data)
    try:
        with transaction.atomic():
            deed.do(deed.actor(user, data["reason"]), row, data)
    except Refusal as refusal:
        return Outcome(key, label, Verdict.REFUSED, problem=refusal.detail)
    return Outcome(key, label, Verdict.ALLOWED, effects, seen=seen)


def _carry_out_one(
    deed: Deed, user: User, rows: QuerySet[Any], key: str, seen: str, data: Mapping[str, Any]
) -> Outcome:
    label = key
    try:
        with transaction.atomic():
            row = None
            if key:
                row = rows.filter(pk=key).first()
                if row is None:
                    return Outcome(key, label, Verdict.GONE, problem="It is not there any more.")
                deed.hold(row)
                row = rows.get(pk=key)
            label = _label(deed, row, data)
            effects = deed.effects(row, data)
            if _digest(key, label, effects, data) != seen:
                problem = "It has changed since the preview. Look again."
                return Outcome(key, label, Verdict.CHANGED, problem=problem)
            deed.do(deed.actor(user, data["reason"]), row, data)
    except Refusal as refusal:
        return Outcome(key, label, Verdict.REFUSED, problem=refusal.detail)
    return Outcome(key, label, Verdict.DONE, effects)


def _key(row: Model | None) -> str:
    return "" if row is None else str(row.pk)


def _label(deed: Deed, row: Model | None, data: Mapping[str, Any]) -> str:
    return deed.title if row is None else str(row)


def _digest(key: str, label: str, effects: Iterable[str], data: Mapping[str, Any]) -> str:
    told = {name: str(value) for name, value in data.items()}
    text = json.dumps([key, label, list(effects), told], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
