"""What owners say of a publisher beside its rule: a name, a note, a last day (e.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from trustpub.errors import InvalidPublisher
from trustpub.models import PublisherCrate

LONGEST_NAME, LONGEST_NOTE = 100, 500
LONGEST_LIFE = timedelta(days=3660)
NAMES = ("name", "note", "ends_at")


@dataclass(frozen=True, slots=True)
class About:
    """`ends_at` is the first moment at which the publisher grants nothing."""

    name: str = ""
    note: str = ""
    ends_at: datetime | None = None

    @classmethod
    def of(cls, grant: PublisherCrate) -> "About":
        return cls(grant.name, grant.note, grant.ends_at)

    def put_on(self, grant: PublisherCrate) -> None:
        """The caller saves."""
        grant.name, grant.note, grant.ends_at = self.name, self.note, self.ends_at

    def facts(self) -> dict[str, Any]:
        """For the audit log: only what was said."""
        told = {"name": self.name, "note": self.note}
        if self.ends_at:
            told["ends_at"] = self.ends_at.isoformat()
        return {key: value for key, value in told.items() if value}


def read_about(given: Mapping[str, object], before: About | None = None) -> About:
    """What was sent, over what there was; raises InvalidPublisher with the field."""
    before = before or About()
    return About(
        name=_line("name", given.get("name", before.name), LONGEST_NAME),
        note=_line("note", given.get("note", before.note), LONGEST_NOTE),
        ends_at=_moment(given["ends_at"], before) if "ends_at" in given else before.ends_at,
    )


def _line(field: str, value: object, longest: int) -> str:
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > longest or not text.isprintable():
        raise _invalid(field, f"`{field}` must be one line of at most {longest} characters")
    return text.strip()


def _moment(value: object, before: About) -> datetime | None:
    """A day stands for all of it, in UTC."""
    if value in (None, ""):
        return None
    moment = _parsed(value)
    if moment is None:
        raise _invalid("ends_at", "`ends_at` must be a day such as 2027-03-31, or a time with zone")
    is_new = moment != before.ends_at
    if is_new and not timezone.now() < moment <= timezone.now() + LONGEST_LIFE:
        raise _invalid("ends_at", "`ends_at` must be in the future, and within ten years")
    return moment


def _parsed(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        if len(value) == len("2027-03-31"):
            day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
            return day + timedelta(days=1)
        moment = parse_datetime(value)
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _invalid(field: str, message: str) -> InvalidPublisher:
    return InvalidPublisher(message, extra={"field": field})
