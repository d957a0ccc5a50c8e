"""Bitbucket Pipelines: UUIDs in braces, and a deployment environment as the only gate (b.7)."""

import re
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import VerifiedClaims
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    InvalidField,
    Provider,
    ProviderFields,
    StableIds,
    missing_claim,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.options import OptionRule, must_be_flag, must_be_text
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

ANY_STEP = "any"

_SLUG = re.compile(r"[a-z0-9_-]{1,62}")
_ISSUER_TAIL = "/pipelines-config/identity/oidc"


def _slug_problem(value: str) -> str | None:
    if _SLUG.fullmatch(value):
        return None
    return "Must be the workspace as in its address: bitbucket.org/WORKSPACE"


def _braced_problem(value: str) -> str | None:
    if value.startswith("{") and value.endswith("}") and not uuid_problem(value[1:-1]):
        return None
    return "The ID must be a UUID in lower case within braces, as Bitbucket shows it"


def _environment_problem(value: str) -> str | None:
    return None if value == ANY_STEP else _braced_problem(value)


class Bitbucket(Provider):
    """Tokens name no file, tag, commit or event: without an environment any step could publish."""

    kind = "bitbucket"
    label = "Bitbucket Pipelines"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    noted_claims = {
        # The workspace's name stands in the issuer alone.
        "repository": "repositoryUuid",
        "repository_id": "repositoryUuid",
        "owner_id": "workspaceUuid",
        "environment": "deploymentEnvironmentUuid",
        "run_id": "pipelineUuid",
        "job_id": "stepUuid",
    }
    environment_field = "deployment_environment_uuid"
    issuer_example = "https://api.bitbucket.org/2.0/workspaces"
    option_rules = (
        OptionRule("workspace", "accept this workspace alone; its slug", must_be_text),
        OptionRule(
            "require_environment",
            "true: publishers may not do without a deployment environment",
            must_be_flag,
        ),
    )
    claims = (
        Claim("workspaceUuid", Role.IDENTITY),
        Claim("repositoryUuid", Role.IDENTITY),
        Claim("deploymentEnvironmentUuid", Role.MATCHED, required=False),
        Claim("branchName", Role.SHOWN, required=False),
        Claim("pipelineUuid", Role.SHOWN),
        Claim("stepUuid", Role.SHOWN),
    )
    other_claims = frozenset({"accountUuid"})
    fields = (
        FieldRule(
            "workspace",
            "Workspace",
            True,
            "As in the repository's address: bitbucket.org/WORKSPACE/REPOSITORY.",
            _slug_problem,
        ),
        FieldRule(
            "workspace_uuid",
            "Workspace UUID",
            True,
            "With its braces; under Repository settings, OpenID Connect.",
            _braced_problem,
        ),
        FieldRule(
            "repository_uuid",
            "Repository UUID",
            True,
            "With its braces; on the same page.",
            _braced_problem,
        ),
        FieldRule(
            "deployment_environment_uuid",
            "Deployment environment UUID",
            True,
            f"With its braces; on the same page. Or {ANY_STEP}: then every step of every branch "
            "can publish, whoever pushed it.",
            _environment_problem,
        ),
    )

    def normalise(self, fields: ProviderFields) -> ProviderFields:
        given = super().normalise(fields)
        if self.options.get("require_environment") is True and self.open_to_branches(given):
            raise InvalidField(
                "deployment_environment_uuid",
                "This registry wants a deployment environment; give its UUID",
            )
        return given

    def suggest(self, known: Suggested) -> ProviderFields:
        """A page's address has the repository's name, a refused job its UUID."""
        workspace, repository = (*known.place, "", "")[:2]
        uuid = repository if _braced_problem(repository) is None else ""
        return {"workspace": workspace, "repository_uuid": uuid}

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['workspace']}/{fields['repository_uuid']}"

    def title(self, fields: ProviderFields) -> str:
        return f"repository {fields['repository_uuid']} of {fields['workspace']}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return fields.get("deployment_environment_uuid") == ANY_STEP

    def web_url_of(self, issuer_url: str) -> str:
        return "https://bitbucket.org"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        workspace, _, uuid = repository.partition("/")
        return {**fields, "workspace": workspace, "repository_uuid": uuid}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("repository_uuid"), fields.get("workspace_uuid"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        wanted = [
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            # Also where the IDs are known: the issuer is the workspace's own.
            Condition(f"{CLAIM}workspace", ConditionKind.EXACT, fields["workspace"] or ""),
        ]
        environment = fields.get("deployment_environment_uuid") or ""
        if environment != ANY_STEP:
            wanted.append(Condition("environment", ConditionKind.EXACT, environment))
        return tuple(wanted)

    def issuer_matches(self, issuer_url: str, row_url: str) -> bool:
        workspace = _workspace(issuer_url)
        if workspace is None or issuer_url != f"{row_url}/{workspace}{_ISSUER_TAIL}":
            return False
        return self.options.get("workspace") in (None, workspace)

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        workspace = _workspace(issuer_url) or missing_claim("iss")
        repository = _braced(reader, "repositoryUuid") or missing_claim("repositoryUuid")
        branch = reader.optional("branchName")
        return Workload(
            provider=self.kind,
            repository=f"{workspace}/{repository}",
            repository_id=repository,
            owner_id=_braced(reader, "workspaceUuid") or missing_claim("workspaceUuid"),
            workflow="",
            workflow_ref="",
            ref=f"refs/heads/{branch}" if branch else None,
            ref_type="branch" if branch else None,
            environment=_braced(reader, "deploymentEnvironmentUuid") or None,
            event="",
            run_id=_braced(reader, "pipelineUuid") or missing_claim("pipelineUuid"),
            job_id=_braced(reader, "stepUuid") or missing_claim("stepUuid"),
            details={"workspace": workspace},
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """None: names of repositories and numbers of runs are not in the token."""
        return WorkloadLinks()

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
        return _EXAMPLE.format(id_token=ID_TOKEN, audience=audience, script=target.script(12))


def _workspace(issuer_url: str) -> str | None:
    if not issuer_url.endswith(_ISSUER_TAIL):
        return None
    slug = issuer_url.removesuffix(_ISSUER_TAIL).rpartition("/")[2]
    return slug if _SLUG.fullmatch(slug) else None


def _braced(reader: ClaimReader, name: str) -> str:
    value = reader.optional(name)
    if value and _braced_problem(value):
        unexpected_claim(name, "must be a UUID in lower case within braces")
    return value


_EXAMPLE = """\
# bitbucket-pipelines.yml
image: rust:1
pipelines:
  tags:
    "v*":
      - step:
          name: Publish
          # The environment whose UUID the publisher names.
          deployment: release
          oidc:
            audiences:
              - {audience}
          script:
          - apt-get update && apt-get install --yes jq
          - |
            set -eu
            export {id_token}=$BITBUCKET_STEP_OIDC_TOKEN
{script}
"""
