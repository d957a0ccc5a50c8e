"""ActiveState: shipped switched off, because its builder must be agreed on first (b.4)."""

import re
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import VerifiedClaims
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.options import OptionRule, must_be_text
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _name_problem(value: str) -> str | None:
    if _NAME.fullmatch(value):
        return None
    return "May hold letters, digits, hyphens, dots and underscores only"


class ActiveState(Provider):
    """A project and the person or robot that its builds run as."""

    kind = "activestate"
    label = "ActiveState"
    max_lifetime = timedelta(hours=2)
    needs_jti = True
    noted_claims = {
        "repository": ("organization", "project"),
        "repository_id": "project_id",
        "owner_id": "organization_id",
    }
    issuer_example = "https://platform.activestate.com/api/v1/oauth/oidc"
    option_rules = (
        OptionRule(
            "builder",
            "the value of the claim `builder` that the vendor uses for this registry",
            must_be_text,
            required=True,
        ),
    )
    claims = (
        Claim("jti", Role.CHECKED),
        Claim("sub", Role.IDENTITY),
        Claim("organization", Role.IDENTITY),
        Claim("organization_id", Role.IDENTITY),
        Claim("project", Role.IDENTITY),
        Claim("project_id", Role.IDENTITY),
        Claim("actor_id", Role.MATCHED),
        Claim("builder", Role.CHECKED),
    )
    other_claims = frozenset("actor artifact_id ingredient project_path project_visibility".split())
    fields = (
        FieldRule(
            "organization",
            "Organization",
            True,
            "As in platform.activestate.com/ORGANIZATION/PROJECT.",
            _name_problem,
        ),
        FieldRule("project", "Project", True, "As in the same address.", _name_problem),
        FieldRule(
            "actor_id",
            "Actor ID",
            True,
            "The UUID of the account that the builds run as.",
            uuid_problem,
        ),
        FieldRule(
            "project_id",
            "Project ID",
            False,
            "A UUID; pinned on first use when left out.",
            uuid_problem,
            is_pin=True,
        ),
        FieldRule(
            "organization_id",
            "Organization ID",
            False,
            "A UUID; pinned on first use when left out.",
            uuid_problem,
            is_pin=True,
        ),
    )

    def suggest(self, known: Suggested) -> ProviderFields:
        return self.tidy(dict(zip(("organization", "project"), known.place, strict=False)))

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['organization']}/{fields['project']}"

    def title(self, fields: ProviderFields) -> str:
        return f"project {self.repository_of(fields)}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        organization, _, project = repository.partition("/")
        return {**fields, "organization": organization, "project": project}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("project_id"), fields.get("organization_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            Condition(f"{CLAIM}actor_id", ConditionKind.ID, fields["actor_id"] or ""),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        reader.required_jti()
        organization = reader.fitting("organization", _NAME, "is not a name")
        project = reader.fitting("project", _NAME, "is not a name")
        subject = f"org:{organization}:project:{project}"
        if not f"{reader.required('sub')}:".startswith(f"{subject}:"):
            unexpected_claim(
                "sub", "does not name the organization and project of the other claims"
            )
        if reader.required("builder") != self.options.get("builder"):
            unexpected_claim("builder", "is not the one that publishes to this registry")
        return Workload(
            provider=self.kind,
            repository=f"{organization}/{project}",
            repository_id=reader.required_uuid("project_id"),
            owner_id=reader.required_uuid("organization_id"),
            workflow="",
            workflow_ref="",
            run_id="",
            event="",
            visibility=reader.short("project_visibility") or None,
            details={"actor_id": reader.required_uuid("actor_id")},
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        return WorkloadLinks(repository=web_link(web_base, workload.repository))

    def example_workflow(
        self,
        crate: str,
        fields: ProviderFields,
        *,
        registry_url: str,
        audience: str,
        registry_name: str = "waybill",
        trigger: Trigger = ANY_VERSION,
    ) -> str:
        target = Target(crate, registry_url, audience, registry_name)
        return _EXAMPLE.format(id_token=ID_TOKEN, script=target.script(0))


_EXAMPLE = """\
#!/usr/bin/env bash
# The vendor's builder hands its ID token to this script as {id_token}.
set -euo pipefail
{script}
"""
