"""CiJob, the Actor behind a publish token; its rights are looked up anew at each question."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts import audit
from accounts.errors import Refusal
from accounts.models import AuditEvent, User
from accounts.scopes import Scope
from registry.actors import Actor, ProvenanceFacts, Rights
from registry.formats.names import canonical
from registry.formats.signer import Signer
from registry.models import Crate, Provenance, PublishKind, Version
from registry.teams import may_act_for
from trustpub.binding import Binding
from trustpub.errors import InvalidPublishToken, TokenBoundElsewhere, TokenDoesNotCover
from trustpub.matching import fits
from trustpub.models import (
    BlockedSource,
    Issuer,
    PendingPublisher,
    Publisher,
    PublishToken,
    TrustRule,
)
from trustpub.operations.job_rules import lock_rules, view_of
from trustpub.operations.pending import become_real
from trustpub.operations.refusals import conflict, suspended_refusal
from trustpub.operations.standing import in_good_standing
from trustpub.operations.version_tags import check_tag

USED_UP = "used for the upload that it was bound to"


class CiJob(Actor):
    """A job that exchanged its ID token: it publishes what its publishers cover, and no more."""

    kind = "ci_job"

    def __init__(self, token: PublishToken) -> None:
        self.token = token
        self.workload = token.typed_workload()
        # What GitHub said of registrants while this actor acts: pending publisher -> in the team.
        self._in_team: dict[int, bool] = {}

    @property
    def identifier(self) -> str:
        return str(self.token.pk)

    @property
    def label(self) -> str:
        workload = self.workload
        return f"{workload.provider}: {workload.title}"

    def allows(self, scope: Scope, crate_name: str) -> bool:
        if scope is Scope.PUBLISH_UPDATE:
            return self._covers(canonical(crate_name))
        if scope is Scope.PUBLISH_NEW:
            return self._pending(crate_name) is not None
        return False

    def scope_refusal(self, scope: Scope, crate_name: str) -> Refusal:
        if scope in (Scope.PUBLISH_NEW, Scope.PUBLISH_UPDATE):
            return self._not_covered(crate_name)
        return super().scope_refusal(scope, crate_name)

    def rights_on(self, crate: Crate) -> Rights:
        return Rights.PUBLISH if self._covers(crate.canonical_name) else Rights.NONE

    def founder_of(self, crate_name: str) -> User:
        lock_rules(self.token.issuer, self.workload)
        pending = self._pending(crate_name, lock=True)
        if pending is None:
            raise TokenDoesNotCover(crate_name)
        return pending.owner

    def provenance(self) -> ProvenanceFacts:
        workload, issuer = self.workload, self.token.issuer
        provider, signer = issuer.adapter, self._signer()
        links = provider.links(workload, issuer.web_url)
        return ProvenanceFacts(
            PublishKind.TRUSTED,
            {
                "provider": issuer.provider,
                "issuer_url": issuer.url,
                "repository": workload.source or workload.repository,
                "repository_id": workload.repository_id,
                "owner_id": workload.owner_id,
                "workflow": workload.workflow,
                "workflow_sha": workload.workflow_sha or "",
                "sha": workload.sha or "",
                "ref": workload.ref or "",
                "event": workload.event,
                "environment": workload.environment or "",
                "run_id": workload.run_id or workload.job_id or "",
                "run_attempt": workload.run_attempt or "",
                "workload": workload.as_dict(),
                "links": {name: link for name, link in asdict(links).items() if link},
                "trustpub_data": provider.trustpub_data(workload),
                "credential": self.identifier,
                "signer": signer.as_dict() if signer else None,
            },
        )

    def _signer(self) -> Signer | None:
        issuer = self.token.issuer
        return issuer.adapter.signer(self.workload, issuer.url, issuer.web_url)

    def check_may_publish(self) -> None:
        # Also one that was issued while its repository was being blocked.
        blocked = BlockedSource.objects.of(
            OuterRef("pk"), self.workload.repository_id, self.workload.owner_id
        )
        honoured = Issuer.objects.honoured().exclude(Exists(blocked))
        if not honoured.filter(pk=self.token.issuer_id).exists():
            raise InvalidPublishToken

    def published(self, version: Version, *, is_first: bool) -> None:
        if is_first:
            pending = self._pending(version.crate.name, lock=True)
            if pending is None:
                raise TokenDoesNotCover(version.crate.name)
            become_real(self.token, pending, version)
        now = timezone.now()
        used = [rule.pk for rule in self._granting(version.crate.canonical_name, lock=True)]
        if not used:
            # Whoever ended the right while the archive was read came first.
            raise TokenDoesNotCover(version.crate.name)
        Publisher.objects.filter(pk__in=used).update(last_used_at=now)
        self._note_use(version, now)

    def has_published(self, version: Version, provenance: Provenance) -> bool:
        """Also with a token for the very archive, which another job of the run may have asked for.

        The one that was bound to it was used up by the upload, where it never left cargo.
        """
        bound, signer = self.token.binding(), self._signer()
        is_bound = bound is not None and bound.covers(
            version.crate.name, version.num, version.checksum
        )
        is_same_run = signer is not None and signer.as_dict() == provenance.signer
        return (is_bound and is_same_run) or super().has_published(version, provenance)

    def name_was_taken(self, crate_name: str) -> Refusal:
        self._note_conflict()
        return conflict()

    def limit_key(self, crate_name: str) -> str | None:
        """One bucket for each publisher and crate: a job is no person (d.4)."""
        name = canonical(crate_name)
        if granting := self._granting(name):
            return f"publisher:{granting[0].pk}:{name}"
        pending = self._pending(crate_name)
        return f"pending:{pending.pk}:{name}" if pending else f"publish-token:{self.token.pk}"

    def check_binding(self, name: str, num: str, checksum: str | None) -> None:
        if checksum is None:
            # Once, before the archive is read.
            check_tag(self.workload, self._granting_rules(name), name, num)
        bound = self.token.binding()
        if bound is not None and not bound.covers(name, num, checksum):
            raise TokenBoundElsewhere(bound, Binding(name, num, checksum or ""))

    def _note_use(self, version: Version, now: datetime) -> None:
        """A token that was revoked, or used up by another upload, since this one began fails."""
        self.check_binding(version.crate.name, version.num, version.checksum)
        changes: dict[str, Any] = {
            "first_used_at": self.token.first_used_at or now,
            "last_used_at": now,
            "use_count": F("use_count") + 1,
        }
        if self.token.binding() is not None:
            # Its one upload has happened; whoever finds it later has nothing.
            changes |= {"revoked_at": now, "revoked_because": USED_UP}
        # One statement, so that the row's lock decides between two uploads.
        if not PublishToken.objects.filter(pk=self.token.pk, revoked_at=None).update(**changes):
            raise InvalidPublishToken
        audit.record(
            "publish_token.used", actor=self, crate=version.crate.name, subject=str(version)
        )

    def reach(self) -> tuple[list[str], list[str]]:
        """Names of the crates that it may publish now, and of those that it may found."""
        crates = (
            self.token.grants_to_publish()
            .standing()
            .filter(
                publisher__state=Publisher.State.ACTIVE,
                publisher__issuer__in=Issuer.objects.honoured(),
            )
            .values_list("crate__name", flat=True)
        )
        pending = self.token.pending_to_found().select_related("owner", "issuer", "team")
        standing = [rule for rule in pending if rule.is_enabled() and self._is_backed(rule)]
        return list(crates), [rule.crate_name for rule in standing]

    def _granting_rules(self, crate_name: str) -> list[TrustRule]:
        pending = self._pending(crate_name)
        granting = self._granting(canonical(crate_name))
        return [*granting, pending] if pending else [*granting]

    def _not_covered(self, crate_name: str) -> Refusal:
        """Tells a job that came second from one that never had the right."""
        name = canonical(crate_name)
        if self._rests_on_somebody(name):
            return suspended_refusal()
        bound = self.token.binding()
        if bound is not None and not bound.is_for_crate(crate_name):
            return TokenBoundElsewhere(bound, Binding(crate_name, "", ""))
        was_pending = name in map(canonical, self.token.new_names)
        if was_pending and Crate.everything.filter(canonical_name=name).exists():
            self._note_conflict()
            return conflict()
        return TokenDoesNotCover(crate_name)

    def _note_conflict(self) -> None:
        """Once, however often the job tries; without the crate, which is another's."""
        told = {"name": "pending.conflict", "subject": str(self.token)}
        mine = AuditEvent.objects.filter(actor_kind=self.kind, actor_id=self.identifier, **told)
        if not mine.exists():
            audit.record("pending.conflict", actor=self, subject=str(self.token))

    def _rests_on_somebody(self, canonical_name: str) -> bool:
        """Whether only the standing of the registrant is in the way."""
        pending = self.token.pending_to_found().filter(canonical_name=canonical_name)
        rules = pending.select_related("owner", "team")
        return any(not self._is_backed(rule) for rule in rules)

    def _covers(self, canonical_name: str) -> bool:
        return bool(self._granting(canonical_name))

    def _granting(self, canonical_name: str, *, lock: bool = False) -> list[Publisher]:
        """Publishers of the token that still stand for the crate, and for the job itself.

        A rule may have been edited at the moment of the exchange, which saw the one before. Who
        started the job is not kept, and was looked at then.
        """
        grants = self.token.grants_to_publish().standing()
        grants = grants.filter(crate__canonical_name=canonical_name)
        rows = Publisher.objects.filter(
            pk__in=grants.values("publisher"),
            state=Publisher.State.ACTIVE,
            issuer__in=Issuer.objects.honoured(),
        )
        if lock:
            rows = rows.select_for_update(of=("self",))
        return [
            rule
            for rule in rows.select_related("issuer").order_by("pk")
            if fits(self.workload, view_of(rule, enabled=True, owned=True))
        ]

    def _pending(self, crate_name: str, *, lock: bool = False) -> PendingPublisher | None:
        rows = self.token.pending_to_found().filter(canonical_name=canonical(crate_name))
        if lock:
            rows = rows.select_for_update(of=("self",))
        pending = rows.select_related("owner", "issuer", "team").order_by("pk").first()
        if pending is None or not pending.is_enabled() or not self._is_backed(pending):
            return None
        return pending

    def _is_backed(self, pending: PendingPublisher) -> bool:
        """Whether its registrant still may found crates, also for the team that they named.

        GitHub is asked once, by the first question, which comes before the transaction.
        """
        if not in_good_standing(pending.owner):
            return False
        if pending.team is not None and pending.pk not in self._in_team:
            self._in_team[pending.pk] = may_act_for(pending.owner, pending.team)
        return self._in_team.get(pending.pk, True)
