"""What somebody did and was done in their name, as their own page lists it."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import AuditEvent, User

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event, with its name as words."""

    event: AuditEvent

    @property
    def title(self) -> str:
        return self.event.name.replace(".", " ").replace("_", " ").capitalize()

    @property
    def about(self) -> str:
        """The crate and what of it; nothing where it is only the person again."""
        crate, subject = self.event.crate, self.event.subject
        if crate and subject and not subject.startswith(crate):
            return f"{crate}: {subject}"
        return "" if subject == self.event.actor_label else subject or crate


@dataclass(frozen=True, slots=True)
class LogPage:
    """`older` continues behind the last entry; None on the last page."""

    entries: list[LogEntry]
    older: int | None


def own_events(user: User) -> QuerySet[AuditEvent]:
    """Newest first: in the browser, and with each of the person's tokens."""
    tokens = [str(pk) for pk in user.api_tokens.values_list("pk", flat=True)]
    in_person = Q(actor_kind="person", actor_id=str(user.pk))
    by_token = Q(actor_kind="api_token", actor_id__in=tokens)
    return AuditEvent.objects.filter(in_person | by_token).order_by("-pk")


def log_page(user: User, *, before: int | None = None) -> LogPage:
    """Two queries, however far back."""
    rows = own_events(user)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    # One more than is shown tells whether there are more.
    found = list(rows[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    return LogPage(
        [LogEntry(event) for event in shown], shown[-1].pk if len(found) > PER_PAGE else None
    )
