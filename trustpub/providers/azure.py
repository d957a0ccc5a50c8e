"""Azure DevOps pipelines: a fixed audience, so an operator must accept that (b.9)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import SignedClaims, VerifiedClaims
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    id_problem,
    unexpected_claim,
    uuid_problem,
    value_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.options import FIXED_AUDIENCE
from trustpub.providers.ref_rule import kind_of, ref_conditions, ref_field, takes_any_ref
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

AUDIENCE = "api://AzureADTokenExchange"

# p://ORGANISATION/PROJECT/PIPELINE; sc:// is a service connection, which is no pipeline.
_SCHEME = "p://"
_SUBJECT = re.compile(rf"{_SCHEME}([^/]{{1,64}})/([^/]{{1,64}})/([^/]{{1,255}})")
# What Azure DevOps lets people call an organisation, and takes out of a project's name. It says
# less of pipelines, so of theirs nothing but a letter or digit is asked.
_ORGANIZATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
_PROJECT = re.compile(r"[^._/\\:~&%;@'\"?<>|#$*}{,+=\[\]][^/\\:~&%;@'\"?<>|#$*}{,+=\[\]]{0,63}")
_PIPELINE = re.compile(r"[^/\\:*?\"<>|]{1,255}")


def _organization_problem(value: str) -> str | None:
    if _ORGANIZATION.fullmatch(value):
        return None
    return "May hold letters, digits and hyphens only, as in dev.azure.com/ORGANIZATION"


def _project_problem(value: str) -> str | None:
    is_name = _PROJECT.fullmatch(value) and not value.endswith(".") and not value_problem(value)
    return None if is_name else "Must be the project's name, without the signs that it cannot hold"


def _pipeline_problem(value: str) -> str | None:
    is_name = _PIPELINE.fullmatch(value) and not value_problem(value)
    return None if is_name else "Must be the pipeline's name, without its folder"


class AzurePipelines(Provider):
    """A pipeline by the IDs of organisation, project, definition and repository."""

    kind = "azure"
    label = "Azure Pipelines"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    issuer_example = "https://vstoken.dev.azure.com/1d6f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10"
    restrictions = frozenset({"tag_pattern"})
    noted_claims = {
        "repository": "sub",
        "repository_id": "prj_id",
        "owner_id": "org_id",
        "ref": "rpo_ref",
        "sha": "rpo_ver",
        "run_id": "run_id",
    }
    option_rules = (FIXED_AUDIENCE,)
    claims = (
        Claim("sub", Role.IDENTITY),
        Claim("org_id", Role.IDENTITY),
        Claim("prj_id", Role.IDENTITY),
        Claim("def_id", Role.IDENTITY),
        Claim("rpo_id", Role.MATCHED),
        Claim("rpo_ref", Role.MATCHED),
        Claim("rpo_ver", Role.SHOWN, required=False),
        Claim("run_id", Role.SHOWN),
    )
    other_claims = frozenset({"rpo_uri"})
    fields = (
        FieldRule(
            "organization",
            "Organization",
            True,
            "As in dev.azure.com/ORGANIZATION.",
            _organization_problem,
        ),
        FieldRule("project", "Project", True, "The project's name.", _project_problem),
        FieldRule("pipeline", "Pipeline", True, "The pipeline's name.", _pipeline_problem),
        FieldRule(
            "organization_id",
            "Organization ID",
            True,
            "A UUID; the last part of the issuer's address.",
            uuid_problem,
        ),
        FieldRule("project_id", "Project ID", True, "A UUID; System.TeamProjectId.", uuid_problem),
        FieldRule(
            "definition_id", "Definition ID", True, "A number; System.DefinitionId.", id_problem
        ),
        FieldRule(
            "repository_id", "Repository ID", True, "A UUID; Build.Repository.ID.", uuid_problem
        ),
        ref_field(),
    )

    def audiences(self, own: Sequence[str], issuer_url: str) -> Sequence[str]:
        return [AUDIENCE] if self.options.get(FIXED_AUDIENCE.name) is True else own

    def suggest(self, known: Suggested) -> ProviderFields:
        """From a repository's address, ORGANIZATION/PROJECT/_git/NAME, or a job's own names."""
        names = known.place[:2] if "_git" in known.place[2:] else known.place[:3]
        return dict(zip(("organization", "project", "pipeline"), names, strict=False))

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['organization']}/{fields['project']}/{fields['pipeline']}"

    def title(self, fields: ProviderFields) -> str:
        return f"pipeline {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return takes_any_ref(fields)

    def web_url_of(self, issuer_url: str) -> str:
        return "https://dev.azure.com"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        organization, project, pipeline = repository.split("/", 2)
        names = {"organization": organization, "project": project, "pipeline": pipeline}
        return {**fields, **names}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        pipeline = _pipeline_id(fields["project_id"] or "", fields["definition_id"] or "")
        return StableIds(pipeline, fields["organization_id"])

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            *(
                Condition(f"{CLAIM}{name}", ConditionKind.ID, fields[name] or "")
                for name in ("organization_id", "project_id", "definition_id", "repository_id")
            ),
            *ref_conditions(fields),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        subject = _SUBJECT.fullmatch(reader.required("sub"))
        if subject is None or _is_odd(*subject.groups()):
            unexpected_claim("sub", "is not that of a pipeline: p://organization/project/pipeline")
        organization = reader.required_uuid("org_id")
        if issuer_url.rpartition("/")[2] != organization:
            unexpected_claim("org_id", "is not the organization that issued the token")
        project = reader.required_uuid("prj_id")
        definition = reader.required_id("def_id")
        ref = reader.required("rpo_ref")
        return Workload(
            provider=self.kind,
            repository="/".join(subject.groups()),
            repository_id=_pipeline_id(project, definition),
            owner_id=organization,
            workflow="",
            workflow_ref="",
            ref=ref,
            ref_type=kind_of(ref),
            sha=reader.commit("rpo_ver") or None,
            event="",
            run_id=reader.required_id("run_id"),
            details={
                "organization_id": organization,
                "project_id": project,
                "definition_id": definition,
                "repository_id": reader.required_uuid("rpo_id"),
            },
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        found = super().noted(claims)
        definition = claims.get("def_id")
        if found is None or type(definition) not in (str, int) or id_problem(str(definition)):
            return None
        return replace(
            found,
            repository=found.repository.removeprefix(_SCHEME),
            repository_id=_pipeline_id(found.repository_id, str(definition)),
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        project = workload.repository.rpartition("/")[0]
        results = web_link(web_base, project, "_build/results")
        build = f"{results}?buildId={workload.run_id}" if results else None
        return WorkloadLinks(run=None if id_problem(workload.run_id) else build)

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
        return _EXAMPLE.format(
            id_token=ID_TOKEN, script=target.script(6), started=_started(trigger)
        )


def _is_odd(organization: str, project: str, pipeline: str) -> bool:
    problems = _organization_problem(organization), _project_problem(project)
    return any((*problems, _pipeline_problem(pipeline)))


def _started(trigger: Trigger) -> str:
    """Branches are built unless they are excluded."""
    chosen = f"  {trigger.kind}:\n    include: {trigger.names}\n"
    return chosen if trigger.branches else f'{chosen}  branches:\n    exclude: ["*"]\n'


def _pipeline_id(project: str, definition: str) -> str:
    """Definitions are counted within a project."""
    return f"{project}:{definition}"[:64]


_EXAMPLE = """\
# azure-pipelines.yml
trigger:
{started}pool:
  vmImage: ubuntu-latest
steps:
  - bash: |
      set -euo pipefail
      {id_token}=$(printf 'header = "Authorization: Bearer %s"' "$SYSTEM_ACCESSTOKEN" |
        curl --fail --silent --show-error --config - --request POST --data '' \\
          "$SYSTEM_OIDCREQUESTURI?api-version=7.1" | jq --raw-output .oidcToken)
      export {id_token}
{script}
    displayName: Publish
    env:
      SYSTEM_ACCESSTOKEN: $(System.AccessToken)
"""
