"""Semaphore: its jobs cannot choose the audience, so an operator must accept that (b.8)."""

import re
from collections.abc import Sequence
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import VerifiedClaims
from trustpub.providers.address import read_address
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    check_event,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.options import FIXED_AUDIENCE
from trustpub.providers.ref_rule import kind_of, ref_conditions, ref_field, takes_any_ref
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import Workload, WorkloadLinks

HOSTED = "semaphoreci.com"

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_SLUG = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
# `trg` starts with a letter: "h:f-i:f" is a webhook's first run. Words are older.
_TRIGGERS = {"h": "hook", "s": "schedule", "m": "task", "a": "api"}


def _part_problem(value: str) -> str | None:
    if _PART.fullmatch(value):
        return None
    return "May hold letters, digits, hyphens, dots and underscores only"


def _slug_problem(value: str) -> str | None:
    return None if _SLUG.fullmatch(value) else "Must be owner and name, e.g. ferris-labs/tidepool"


class Semaphore(Provider):
    """An organisation's project, and the repository that it builds."""

    kind = "semaphore"
    label = "Semaphore"
    max_lifetime = timedelta(hours=24)
    needs_jti = True
    allowed_events = frozenset({"hook", "schedule", "task"})
    risky_events = {"api": "Whoever holds an API token of the organization starts it, on any ref."}
    restrictions = frozenset({"tag_pattern", "events"})
    noted_claims = {
        "repository": ("org", "prj"),
        "repository_id": "prj_id",
        "owner_id": "org_id",
        "source": "repo_slug",
        "ref": "ref",
        "run_id": "wf_id",
        "job_id": "job_id",
        "event": "trg",
    }
    issuer_example = "https://ferris-labs.semaphoreci.com"
    option_rules = (FIXED_AUDIENCE,)
    claims = (
        Claim("jti", Role.CHECKED),
        Claim("org", Role.IDENTITY),
        Claim("org_id", Role.IDENTITY),
        Claim("prj", Role.IDENTITY),
        Claim("prj_id", Role.IDENTITY),
        Claim("repo_slug", Role.MATCHED),
        Claim("job_type", Role.CHECKED),
        Claim("trg", Role.CHECKED),
        Claim("ref_type", Role.MATCHED),
        Claim("ref", Role.MATCHED),
        Claim("job_id", Role.SHOWN),
    )
    other_claims = frozenset("branch ppl_id pr pr_branch repo sub127 tag wf_id".split())
    fields = (
        FieldRule(
            "organization",
            "Organization",
            True,
            "As in ORGANIZATION.semaphoreci.com.",
            _part_problem,
        ),
        FieldRule("project", "Project", True, "The project's name.", _part_problem),
        FieldRule(
            "repository",
            "Repository",
            True,
            "Owner and name of the repository that the project builds.",
            _slug_problem,
        ),
        ref_field(),
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

    def audiences(self, own: Sequence[str], issuer_url: str) -> Sequence[str]:
        accepted = self.options.get(FIXED_AUDIENCE.name) is True
        return [*own, issuer_url] if accepted else own

    def suggest(self, known: Suggested) -> ProviderFields:
        """From a project's page, projects/NAME, or a job's own ORGANIZATION/NAME."""
        organization, project = (*known.place, "", "")[:2]
        if organization != "projects":
            return {"organization": organization, "project": project}
        address = read_address(known.repository)
        label, _, domain = address.host.partition(".") if address else ("", "", "")
        # A server of one's own says nothing about who owns it.
        return {"organization": label if domain == HOSTED else "", "project": project}

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['organization']}/{fields['project']}"

    def title(self, fields: ProviderFields) -> str:
        return f"project {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return takes_any_ref(fields)

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        organization, _, project = repository.partition("/")
        return {**fields, "organization": organization, "project": project}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("project_id"), fields.get("organization_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            Condition("source", ConditionKind.EXACT_CI, fields["repository"] or ""),
            *ref_conditions(fields),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        reader.required_jti()
        organization = reader.fitting("org", _PART, "is not a name")
        project = reader.fitting("prj", _PART, "is not a name")
        if reader.required("job_type") != "pipeline_job":
            unexpected_claim("job_type", "must be pipeline_job: people have a shell in debug jobs")
        ref_type = reader.required("ref_type")
        if ref_type not in ("branch", "tag") or reader.optional("pr"):
            unexpected_claim("ref_type", "must be branch or tag, and not of a pull request")
        ref = reader.required("ref")
        if kind_of(ref) != ref_type:
            unexpected_claim("ref", "is not of the kind in ref_type")
        trigger = reader.required("trg").partition(":")[0]
        event = _TRIGGERS.get(trigger, trigger)
        check_event(self, event)
        return Workload(
            provider=self.kind,
            repository=f"{organization}/{project}",
            repository_id=reader.required_uuid("prj_id"),
            owner_id=reader.required_uuid("org_id"),
            source=reader.fitting("repo_slug", _SLUG, "is not of the form owner/name"),
            workflow="",
            workflow_ref="",
            ref=ref,
            ref_type=ref_type,
            event=event,
            run_id=reader.optional_uuid("wf_id"),
            job_id=reader.required_uuid("job_id"),
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        return WorkloadLinks(run=web_link(web_base, "jobs", workload.job_id))

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
        return _EXAMPLE.format(id_token=ID_TOKEN, script=target.script(14))


_EXAMPLE = """\
# .semaphore/publish.yml, promoted to from the main pipeline for tags
version: v1.0
name: Publish
agent:
  machine:
    type: e1-standard-2
  containers:
    - name: main
      image: rust:1
blocks:
  - name: Publish
    task:
      jobs:
        - name: Publish
          commands:
            - checkout
            - apt-get update && apt-get install --yes jq
            - |
              set -eu
              export {id_token}=$SEMAPHORE_OIDC_TOKEN
{script}
"""
