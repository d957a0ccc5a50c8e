"""Keeps refused exchanges for the owners whom they concern (trusted-publishing reference, g.2)."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit, limits
from accounts.request_context import current_request
from adapters import jobs
from trustpub.codes import ExchangeCode
from trustpub.errors import ExchangeRefused
from trustpub.models import ExchangeRefusal, Issuer
from trustpub.operations.grant import CiWorkload
from trustpub.workload import Workload

MINUTE = timedelta(minutes=1)
# More of one repository push out the oldest.
KEPT_PER_REPOSITORY = 50
_PER_RUN = frozenset({"run_id", "run_attempt", "run_number", "job_id"})


def note_refusal(
    issuer: Issuer,
    workload: Workload,
    refused: ExchangeRefused,
    replay_key: str = "",
    *,
    counts: bool = True,
    dry_run: bool = False,
) -> None:
    """Keeps the refusal; one equal to the last, or to any if anybody may send it, is only counted.

    It `counts` for the limit of the repository's failures, unless the token was one that anybody
    may have found. After a dry run nobody's publisher is stopped, and no letter is sent (a.12).
    """
    if counts:
        subject = f"{issuer.url} {workload.repository_id}"
        limits.count("failed-exchange", subject, window=MINUTE)
    with transaction.atomic():
        noted = _keep(issuer, workload, refused, replay_key, counts=counts)
        if not counts and noted.count > 1:
            # The log stays for ever; a token that anybody may send again must not fill it.
            return
        replayed = refused.code == ExchangeCode.TOKEN_REUSED
        audit.record(
            "exchange.replayed" if replayed else "exchange.refused",
            actor=CiWorkload(workload),
            subject=str(noted.pk),
            after={"code": refused.code},
        )
        if refused.code == ExchangeCode.PENDING_CONFLICT:
            audit.record("pending.conflict", actor=CiWorkload(workload), subject=str(noted.pk))
        if refused.code == ExchangeCode.IDENTITY_CHANGED and not dry_run:
            jobs.after_commit("trustpub.suspend_changed", noted.pk)


def _keep(
    issuer: Issuer, workload: Workload, refused: ExchangeRefused, replay_key: str, *, counts: bool
) -> ExchangeRefusal:
    facts = workload.as_dict()
    differences = list(refused.kept)
    of_repository = ExchangeRefusal.objects.filter(
        issuer=issuer, repository_id=workload.repository_id
    ).order_by("-pk")
    # Two found tokens, sent in turn, must not fill the log or push out what the owners should see.
    compared = of_repository[:1] if counts else of_repository[:KEPT_PER_REPOSITORY]
    equal = (row for row in compared if row.code == refused.code and _same(row.workload, facts))
    last = next(equal, None)
    if last:
        last.at = timezone.now()
        last.count += 1
        last.request_id = current_request().request_id
        last.detail, last.differences, last.workload = refused.detail, differences, facts
        last.replay_key = replay_key
        last.save()
        return last
    oldest = list(of_repository.values_list("pk", flat=True)[KEPT_PER_REPOSITORY - 1 :])
    ExchangeRefusal.objects.filter(pk__in=oldest).delete()
    return ExchangeRefusal.objects.create(
        request_id=current_request().request_id,
        issuer=issuer,
        code=refused.code,
        detail=refused.detail,
        repository_id=workload.repository_id,
        workload=facts,
        differences=differences,
        replay_key=replay_key,
    )


def _same(before: dict[str, object], now: dict[str, object]) -> bool:
    """Whether two jobs differ in nothing but their run."""
    names = (before.keys() | now.keys()) - _PER_RUN
    return all(before.get(name) == now.get(name) for name in names)
