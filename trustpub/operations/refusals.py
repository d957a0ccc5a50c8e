"""The words of a refused exchange, in the tiers of trusted-publishing a.11."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings

from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused
from trustpub.matching import Match, MatchResult, NearMiss
from trustpub.models import Issuer, PendingPublisher, Publisher
from trustpub.workload import Workload


def refusal_of(result: MatchResult, issuer: Issuer, workload: Workload) -> ExchangeRefused:
    """Why nothing was granted: one problem first, then the remedy."""
    code = result.refusal_code
    if code is ExchangeCode.IDENTITY_CHANGED:
        return _identity_changed(result)
    if code is ExchangeCode.PUBLISHER_SUSPENDED:
        return _suspended(result)
    if code is ExchangeCode.EVENT_NOT_ALLOWED:
        return _event(result, issuer, workload)
    if code is ExchangeCode.PUBLISHER_MISMATCH:
        return _mismatch(result)
    return _no_publisher(issuer, workload)


def conflict() -> ExchangeRefused:
    """The only matching rules were pending, and their names exist by now."""
    return ExchangeRefused(
        ExchangeCode.PENDING_CONFLICT,
        "the crate name of your pending publisher was taken meanwhile; if you own that crate, "
        "add a publisher in its settings, otherwise choose another name",
    )


def suspended_refusal() -> ExchangeRefused:
    """At the upload: who registered the first publish may no longer found a crate."""
    return ExchangeRefused(
        ExchangeCode.PUBLISHER_SUSPENDED,
        "the account that registered this first publish is locked, has no verified address any "
        "more, or is no longer in the team that is to own the crate; its owner has to put that "
        "right, then run the job again",
    )


def _event(result: MatchResult, issuer: Issuer, workload: Workload) -> ExchangeRefused:
    known = [miss.differences[0].expected for miss in result.near if miss.is_by_id]
    safe = known[0] if known else " or ".join(sorted(issuer.adapter.allowed_events))
    return ExchangeRefused(
        ExchangeCode.EVENT_NOT_ALLOWED,
        f'The job was started by "{printable(workload.event, 60)}", which the publisher of this '
        f"repository does not allow. Use one of: {safe}; or let an owner allow the event.",
        extra={"publishers": _shown(result.near)},
        kept=_kept(result.near),
    )


def _no_publisher(issuer: Issuer, workload: Workload) -> ExchangeRefused:
    claims = {
        "issuer": issuer.url,
        "repository": printable(workload.repository),
        "workflow": printable(workload.workflow),
        "environment": printable(workload.environment) if workload.environment else None,
        "event": printable(workload.event),
    }
    link = f"{settings.PUBLIC_URL}/settings/publishers/new?" + urlencode(
        {
            "issuer": issuer.url,
            "repository": workload.repository,
            "workflow": workload.workflow,
            "environment": workload.environment or "",
        }
    )
    return ExchangeRefused(
        ExchangeCode.NO_PUBLISHER,
        f"No Trusted Publishing config found for repository `{claims['repository']}`. An owner "
        f"can add one for workflow `{claims['workflow']}`: {link}",
        extra={"claims": claims, "add_publisher": link},
    )


def _mismatch(result: MatchResult) -> ExchangeRefused:
    known = [miss for miss in result.near if miss.is_by_id]
    if not known:
        return _mismatch_by_name(result)
    first = known[0].differences[0]
    field = first.field.replace("_", " ")
    if not first.received:
        problem = f"requires {_article(field)} {field} (`{first.expected}`), the job has none"
    else:
        problem = (
            f"expects the {field} `{printable(first.expected)}`, "
            f"but the job has `{printable(first.received)}`"
        )
    return ExchangeRefused(
        ExchangeCode.PUBLISHER_MISMATCH,
        f"The Trusted Publishing config of this repository {problem}. Change the workflow, or let "
        "an owner change the publisher.",
        extra={"publishers": _shown(result.near)},
        kept=_kept(result.near),
    )


def _mismatch_by_name(result: MatchResult) -> ExchangeRefused:
    """Whoever took over the name of a repository must not learn what its rule asks for."""
    received = {found.field: found.received for miss in result.near for found in miss.differences}
    named = ", ".join(
        f"{field.replace('_', ' ')} (the job has {f'`{printable(value)}`' if value else 'none'})"
        for field, value in received.items()
    )
    return ExchangeRefused(
        ExchangeCode.PUBLISHER_MISMATCH,
        f"A Trusted Publishing config names this repository and differs from the job in: {named}. "
        "The repository's ids are not known here yet, so what it expects is shown to the owners "
        "of the crate alone, in its settings. Change the workflow, or let an owner change the "
        "publisher.",
        extra={"publishers": _shown(result.near)},
        kept=_kept(result.near),
    )


def _identity_changed(result: MatchResult) -> ExchangeRefused:
    return ExchangeRefused(
        ExchangeCode.IDENTITY_CHANGED,
        "The repository has the name that the publisher expects but is another repository or has "
        "another owner: its ids changed. If that is intended, an owner of the crate must confirm "
        "the new owner in the crate's settings, or add the publisher again.",
        extra={"publishers": _shown(result.identity_changed)},
        kept=_kept(result.identity_changed),
    )


def _suspended(result: MatchResult) -> ExchangeRefused:
    found = [_stopped(match) for match in result.suspended]
    return ExchangeRefused(
        ExchangeCode.PUBLISHER_SUSPENDED,
        f"The matching publisher grants nothing at the moment: {found[0]['state']}. An owner of "
        "the crate can see why in the crate's settings, and lift it there.",
        extra={"publishers": found},
        kept=found,
    )


def _stopped(match: Match) -> dict[str, object]:
    """State and remedy, without the words that owners left for each other."""
    rule = match.publisher.key
    state = (
        "it waits for an owner of the crate to confirm it or agree to it, or for its first day, "
        "its last day is over, the crate is in quarantine, or an administrator has blocked the "
        "repository"
    )
    if isinstance(rule, Publisher) and rule.state != Publisher.State.ACTIVE:
        waits = rule.state == Publisher.State.AWAITING
        # Behind "it" in lower case, which the labels of a list are not.
        told = rule.get_state_display().lower()
        state = f"it {told}" if waits else f"it is {told}"
    elif isinstance(rule, PendingPublisher) and rule.suspended_at:
        state = "whoever registered it has suspended it"
    elif isinstance(rule, PendingPublisher):
        state = "the account that registered it, or its CI system, does not stand for it any more"
    elif not (isinstance(rule, Publisher) and rule.is_enabled()):
        state = "it has lapsed"
    return {"label": printable(match.publisher.label), "state": state, "lifted_by": "an owner"}


def _shown(misses: Sequence[NearMiss]) -> list[dict[str, object]]:
    """Expected values for jobs that a stable id knows; else the job's own, and no others' rules."""
    known = [miss for miss in misses if miss.is_by_id]
    if known:
        return [_told(miss) for miss in known]
    return [{"differences": _differences(miss, but="expected")} for miss in misses]


def _kept(misses: Sequence[NearMiss]) -> list[dict[str, object]]:
    """With the publisher's number: others may have one of the same label."""
    rules = [(miss, miss.publisher.key) for miss in misses]
    return [
        {**_told(miss), **({"publisher": rule.pk} if isinstance(rule, Publisher) else {})}
        for miss, rule in rules
    ]


def _told(miss: NearMiss) -> dict[str, object]:
    return {"label": printable(miss.publisher.label), "differences": _differences(miss)}


def _differences(miss: NearMiss, *, but: str = "") -> list[dict[str, str]]:
    return [
        {
            name: printable(value)
            for name, value in (
                ("field", difference.field),
                ("expected", difference.expected),
                ("received", difference.received),
            )
            if name != but
        }
        for difference in miss.differences
    ]


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
