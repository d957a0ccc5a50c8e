"""Says what is wrong with a crate, and decides about what was said."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, limits
from accounts.audit import Acting
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.powers import Power, require_power
from adapters import jobs
from registry.actors import Person
from registry.errors import AlreadyReported, ReportResolved
from registry.models import Crate, Report
from registry.models.report import LONGEST_REPORT


@transaction.atomic
def report(*, user: User, crate: Crate, category: str, text: str, num: str = "") -> Report:
    """Tells the moderators; raises InvalidInput, TooManyRequests or AlreadyReported."""
    _check(crate, category, text, num)
    limits.hit(
        "reports",
        str(user.pk),
        limit=settings.REPORTS_PER_DAY,
        window=timedelta(days=1),
        what="reports of crates",
    )
    try:
        with transaction.atomic():
            row = Report.objects.create(
                crate=crate,
                crate_name=crate.name,
                num=num,
                category=category,
                text=text,
                reporter=user,
            )
    except IntegrityError:
        raise AlreadyReported(crate.name) from None
    # Not among the crate's own events: its owners may read those, and not who reported them.
    audit.record(
        "report.made", actor=Person(user), subject=_name(row), after={"category": category}
    )
    jobs.after_commit("registry.mail_report_made", row.pk)
    return row


@transaction.atomic
def resolve_report(*, actor: Acting, report: Report, state: str, answer: str) -> None:
    """Closes it and tells the reporter; raises NotAllowed, InvalidInput or ReportResolved."""
    require_power(actor, Power.MODERATE)
    if state not in (Report.State.ACTED_ON, Report.State.DISMISSED):
        raise InvalidInput(f"`{state[:20]}` is no outcome; choose acted_on or dismissed")
    row = Report.objects.select_for_update().get(pk=report.pk)
    if row.state != Report.State.OPEN:
        raise ReportResolved(row.get_state_display())
    row.state, row.answer, row.resolved_at = Report.State(state), answer, timezone.now()
    row.resolved_by = getattr(actor, "user", None)
    row.save(update_fields=["state", "answer", "resolved_at", "resolved_by"])
    audit.record(
        "report.resolved",
        actor=actor,
        subject=_name(row),
        before={"state": Report.State.OPEN},
        after={"state": state, "answer": answer},
    )
    jobs.after_commit("registry.mail_report_resolved", row.pk)


def _check(crate: Crate, category: str, text: str, num: str) -> None:
    if category not in Report.Category.values:
        raise InvalidInput("choose what is wrong")
    if not text:
        raise InvalidInput("say what you found, so that somebody can look at it")
    if len(text) > LONGEST_REPORT:
        raise InvalidInput(f"the text is longer than {LONGEST_REPORT} characters")
    if num and not crate.versions.filter(num=num).exists():
        raise InvalidInput(f"{crate.name} has no version {num[:60]}")


def _name(row: Report) -> str:
    return f"report {row.pk} of {row.crate_name}"
