"""CiJob, the Actor behind a publish token; its rights are looked up anew at each question."""

from dataclasses import asdict

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.errors import Refusal
from accounts.models import User
from accounts.scopes import Scope
from registry.actors import Actor, ProvenanceFacts, Rights
from registry.formats.names import canonical
from registry.models import Crate, PublishKind, Version
from trustpub.errors import InvalidPublishToken, TokenDoesNotCover
from trustpub.models import PendingPublisher, Publisher, PublishToken, TrustRule
from trustpub.operations.locked_rules import lock_rules
from trustpub.operations.pending import become_real
from trustpub.operations.refusals import conflict, suspended_refusal
from trustpub.operations.standing import in_good_standing
from trustpub.operations.version_tags import check_tag
from trustpub.providers import provider_for


class CiJob(Actor):
    """A job that exchanged its ID token: it publishes what its publishers cover, and no more."""

    kind = "ci_job"

    def __init__(self, token: PublishToken) -> None:
        self.token = token
        self.workload = token.typed_workload()

    @property
    def identifier(self) -> str:
        return str(self.token.pk)

    @property
    def label(self) -> str:
        workload = self.workload
        return f"{workload.provider}: {workload.workflow} of {workload.repository}"

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
        provider = provider_for(issuer.provider)
        links = provider.links(workload, issuer.web_url)
        return ProvenanceFacts(
            PublishKind.TRUSTED,
            {
                "provider": issuer.provider,
                "issuer_url": issuer.url,
                "repository": workload.repository,
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
            },
        )

    def check_may_publish(self) -> None:
        if not self.token.issuer.is_enabled:
            raise InvalidPublishToken

    def published(self, version: Version, *, is_first: bool) -> None:
        if is_first:
            pending = self._pending(version.crate.name, lock=True)
            if pending is None:
                raise TokenDoesNotCover(version.crate.name)
            become_real(self.token, pending, version)
        now = timezone.now()
        granting = self._granting(version.crate.canonical_name).order_by("pk")
        used = list(granting.select_for_update().values_list("pk", flat=True))
        Publisher.objects.filter(pk__in=used).update(last_used_at=now)
        PublishToken.objects.filter(pk=self.token.pk).update(
            first_used_at=self.token.first_used_at or now,
            last_used_at=now,
            use_count=F("use_count") + 1,
        )

    def name_was_taken(self, crate_name: str) -> Refusal:
        return conflict()

    def limit_key(self, crate_name: str) -> str | None:
        """One bucket for each publisher and crate: a job is no person (d.4)."""
        name = canonical(crate_name)
        granting = self._granting(name).order_by("pk").values_list("pk", flat=True).first()
        if granting is not None:
            return f"publisher:{granting}:{name}"
        pending = self._pending(crate_name)
        return f"pending:{pending.pk}:{name}" if pending else f"publish-token:{self.token.pk}"

    def bound_to(self, name: str, num: str, checksum: str) -> bool:
        token = self.token
        check_tag(self.workload, self._granting_rules(name), name, num)
        if not token.bound_checksum:
            return True
        bound = (canonical(token.bound_name), token.bound_version, token.bound_checksum)
        return bound == (canonical(name), num, checksum)

    def reach(self) -> tuple[list[str], list[str]]:
        """Names of the crates that it may publish now, and of those that it may found."""
        crates = (
            self.token.grants()
            .standing()
            .filter(
                publisher__state=Publisher.State.ACTIVE,
                publisher__issuer__in=type(self.token.issuer).objects.enabled(),
            )
            .values_list("crate__name", flat=True)
        )
        pending = self.token.pending().select_related("owner", "issuer")
        standing = [rule for rule in pending if rule.is_enabled() and in_good_standing(rule.owner)]
        return list(crates), [rule.crate_name for rule in standing]

    def _granting_rules(self, crate_name: str) -> list[TrustRule]:
        pending = self._pending(crate_name)
        granting: list[TrustRule] = list(self._granting(canonical(crate_name)))
        return [*granting, pending] if pending else granting

    def _not_covered(self, crate_name: str) -> Refusal:
        """Tells a job that came second from one that never had the right."""
        name = canonical(crate_name)
        if self._rests_on_somebody(name):
            return suspended_refusal()
        was_pending = name in map(canonical, self.token.new_names)
        if was_pending and Crate.objects.filter(canonical_name=name).exists():
            return conflict()
        return TokenDoesNotCover(crate_name)

    def _rests_on_somebody(self, canonical_name: str) -> bool:
        """Whether only the standing of the registrant is in the way."""
        pending = self.token.pending().filter(canonical_name=canonical_name)
        return any(not in_good_standing(rule.owner) for rule in pending.select_related("owner"))

    def _covers(self, canonical_name: str) -> bool:
        return self._granting(canonical_name).exists()

    def _granting(self, canonical_name: str) -> QuerySet[Publisher]:
        """Publishers of the token that still stand for the crate."""
        grants = self.token.grants().standing().filter(crate__canonical_name=canonical_name)
        return Publisher.objects.filter(
            pk__in=grants.values("publisher"),
            state=Publisher.State.ACTIVE,
            issuer__in=type(self.token.issuer).objects.enabled(),
        )

    def _pending(self, crate_name: str, *, lock: bool = False) -> PendingPublisher | None:
        rows = self.token.pending().filter(canonical_name=canonical(crate_name))
        if lock:
            rows = rows.select_for_update(of=("self",))
        pending = rows.select_related("owner", "issuer").order_by("pk").first()
        if pending is None or not pending.is_enabled() or not in_good_standing(pending.owner):
            return None
        return pending
