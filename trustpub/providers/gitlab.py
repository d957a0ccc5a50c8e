"""GitLab CI, on gitlab.com and on self-managed instances (b.2)."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta

from registry.formats.signer import Signer
from trustpub.conditions import Condition, ConditionKind, ascii_fold
from trustpub.jwt import VerifiedClaims
from trustpub.providers.address import place_in
from trustpub.providers.base import (
    MAX_FIELD_LENGTH,
    MAX_REPOSITORY_LENGTH,
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    check_event,
    id_problem,
    is_workflow_file,
    missing_claim,
    unexpected_claim,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import Workload, WorkloadLinks

DEFAULT_PIPELINE_FILE = ".gitlab-ci.yml"

# Marks stand alone, and neither first nor last.
_PROJECT = re.compile(r"[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)*")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9 \-_/${}]+")
_CLAIMED_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
_SCHEME = re.compile(r"https?://")


def _project_path(place: tuple[str, ...]) -> tuple[str, ...]:
    """The groups and the project of a page's address; its own pages stand after "-"."""
    path = place[: place.index("-")] if "-" in place else place
    return (*path[:-1], path[-1].removesuffix(".git")) if path else ()


def _namespace_problem(value: str) -> str | None:
    if not any(_project_problem(part) for part in value.split("/")):
        return None
    return "Invalid GitLab namespace: the group path, e.g. my-group/my-subgroup"


def _project_problem(value: str) -> str | None:
    if _PROJECT.fullmatch(value) and not _has_reserved_ending(value):
        return None
    return "Invalid GitLab project name: the last part of the project's path"


def _has_reserved_ending(value: str) -> bool:
    return value.endswith((".atom", ".git"))


def _pipeline_file_problem(value: str) -> str | None:
    if value.startswith("/") or value.endswith("/"):
        return "Workflow filepath cannot start or end with /"
    if not value.endswith((".yml", ".yaml")):
        return f"Workflow filepath must end with `.yml` or `.yaml`, e.g. {DEFAULT_PIPELINE_FILE}"
    return None if is_workflow_file(value) else "Workflow filepath must name a file"


def _environment_problem(value: str) -> str | None:
    if value != value.strip():
        return "Environment name may not start or end with whitespace"
    if _ENVIRONMENT.fullmatch(value):
        return None
    return "Environment name may only hold letters, digits, spaces and any of - _ / $ { }"


class GitLab(Provider):
    """Publishers name the top-level pipeline file; project and namespace IDs carry the trust."""

    kind = "gitlab"
    label = "GitLab CI/CD"
    max_lifetime = timedelta(hours=24)
    needs_jti = True
    # Merge-request pipelines and the like run on what strangers propose.
    allowed_events = frozenset({"push", "web", "schedule"})
    risky_events = {
        "api": "Whoever holds a token of the project starts it, on any ref.",
        "trigger": "Whoever holds a trigger token starts it, on any ref.",
        "pipeline": "A pipeline of another project starts it.",
        "parent_pipeline": "A parent pipeline starts it, with a file that a job may have written.",
    }
    restrictions = frozenset({"environment", "refs", "tag_pattern", "branches", "events", "runner"})
    hosted_runner = "gitlab-hosted"
    noted_claims = {
        "repository": "project_path",
        "repository_id": "project_id",
        "owner_id": "namespace_id",
        "workflow_ref": "ci_config_ref_uri",
        "run_id": "pipeline_id",
        "job_id": "job_id",
        "event": "pipeline_source",
        "environment": "environment",
        "ref": "ref_path",
        "sha": "sha",
    }
    address_field = "project"
    issuer_example = "https://gitlab.example.com"
    claims = (
        Claim("jti", Role.CHECKED),
        Claim("project_path", Role.IDENTITY),
        Claim("project_id", Role.IDENTITY),
        Claim("namespace_path", Role.IDENTITY),
        Claim("namespace_id", Role.IDENTITY),
        Claim("job_project_id", Role.IDENTITY, required=False),
        Claim("ci_config_ref_uri", Role.MATCHED),
        Claim("pipeline_source", Role.CHECKED),
        Claim("environment", Role.MATCHED, required=False),
        Claim("ref_path", Role.MATCHED, required=False),
        Claim("pipeline_id", Role.SHOWN),
        Claim("job_id", Role.SHOWN),
    )
    other_claims = frozenset(
        (
            "ci_config_sha deployment_tier environment_action environment_protected "
            "groups_direct job_namespace_id job_namespace_path job_project_path job_source "
            "project_visibility ref ref_protected ref_type runner_environment runner_id sha "
            "user_access_level user_email user_id user_identities user_login"
        ).split()
    )
    fields = (
        FieldRule(
            "namespace",
            "Namespace",
            True,
            "The group or user of the project; nested groups as group/subgroup.",
            _namespace_problem,
        ),
        FieldRule("project", "Project", True, "The project's name in its path.", _project_problem),
        FieldRule(
            "workflow_filepath",
            "Workflow filepath",
            True,
            "The top-level pipeline file, not an included one. Any job of the pipeline can ask "
            "for a token, so use an environment that exactly one job runs in.",
            _pipeline_file_problem,
        ),
        FieldRule(
            "environment",
            "Environment name",
            False,
            "Strongly recommended: the place for approvals and branch limits.",
            _environment_problem,
        ),
        FieldRule(
            "project_id",
            "Project ID",
            False,
            "GitLab's number of the project; pinned on first use when left out.",
            id_problem,
            is_pin=True,
        ),
        FieldRule(
            "namespace_id",
            "Namespace ID",
            False,
            "GitLab's number of the group; pinned on first use when left out.",
            id_problem,
            is_pin=True,
        ),
    )

    def tidy(self, fields: Mapping[str, str | None]) -> ProviderFields:
        tidied = dict(super().tidy(fields))
        project = tidied.get("project") or ""
        if "/" in project and (path := _project_path(place_in(project))):
            # An address or the whole path was pasted into the one field.
            tidied["project"] = path[-1]
            tidied["namespace"] = "/".join(path[:-1]) or tidied.get("namespace")
        if namespace_typed := tidied.get("namespace"):
            tidied["namespace"] = namespace_typed.strip("/")
        if pipeline_file := tidied.get("workflow_filepath"):
            tidied["workflow_filepath"] = pipeline_file.removeprefix("./").strip("/")
        return tidied

    def suggest(self, known: Suggested) -> ProviderFields:
        path = _project_path(known.place)
        page = known.place[len(path) + 1 :]
        file = page[2:] if page[:1] in (("blob",), ("raw",), ("edit",)) else ()
        return self.tidy(
            {
                "project": "/".join(path),
                "workflow_filepath": known.workflow or "/".join(file),
                "environment": known.environment,
            }
        )

    def summary(self, fields: ProviderFields) -> list[tuple[str, str]]:
        return [
            ("Repository", self.repository_of(fields)),
            ("Workflow", fields["workflow_filepath"] or ""),
            ("Environment", fields.get("environment") or "none required"),
        ]

    def title(self, fields: ProviderFields) -> str:
        return f"workflow {fields['workflow_filepath']} of {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return not fields.get("environment")

    def web_url_of(self, issuer_url: str) -> str:
        # The instance itself, which may lie below a path.
        return issuer_url.rstrip("/")

    def api_url_of(self, web_url: str) -> str:
        return f"{web_url}/api/v4"

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['namespace']}/{fields['project']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        namespace, _, project = repository.rpartition("/")
        return {**fields, "namespace": namespace, "project": project}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("project_id"), fields.get("namespace_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        wanted = [
            Condition("repository", ConditionKind.EXACT_CI, self.repository_of(fields)),
            Condition("workflow", ConditionKind.PATH, fields["workflow_filepath"] or ""),
        ]
        if environment := fields.get("environment"):
            # With case, unlike GitHub: two environments may differ in nothing else.
            wanted.append(Condition("environment", ConditionKind.EXACT, environment))
        return tuple(wanted)

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        reader.required_jti()
        repository = _read_project(reader)
        project_id = _read_project_id(reader)
        ref, sha = reader.optional("ref_path"), reader.commit("sha")
        if not ref and not sha:
            missing_claim("sha")
        workflow_ref = reader.required("ci_config_ref_uri")
        source = reader.required("pipeline_source")
        check_event(self, source)
        protected = reader.flag("ref_protected")
        return Workload(
            provider=self.kind,
            repository=repository,
            repository_id=project_id,
            owner_id=reader.required_id("namespace_id"),
            workflow=_pipeline_file(workflow_ref, repository, (ref, sha), web_base or issuer_url),
            workflow_ref=workflow_ref,
            workflow_sha=reader.commit("ci_config_sha") or None,
            ref=ref or None,
            ref_type=reader.optional("ref_type") or None,
            ref_protected=protected,
            sha=sha or None,
            event=source,
            environment=reader.short("environment", MAX_FIELD_LENGTH) or None,
            run_id=reader.required_id("pipeline_id"),
            job_id=reader.required_id("job_id"),
            runner_environment=reader.optional("runner_environment") or None,
            visibility=reader.optional("project_visibility") or None,
            advisories=_advisories(reader, protected),
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        repository, sha = workload.repository, workload.sha
        source = workload.workflow_sha or sha
        return WorkloadLinks(
            repository=web_link(web_base, repository),
            commit=web_link(web_base, repository, "-/commit", sha),
            tree=web_link(web_base, repository, "-/tree", sha),
            workflow=web_link(web_base, repository, "-/blob", source, workload.workflow),
            run=web_link(web_base, repository, "-/jobs", workload.job_id),
        )

    def signer(self, workload: Workload, issuer_url: str, web_base: str) -> Signer:
        return Signer(
            issuer=issuer_url,
            source_repository_id=workload.repository_id,
            source_owner_id=workload.owner_id,
            build_config=f"https://{workload.workflow_ref}",
            run=f"{web_base.rstrip('/')}/{workload.repository}/-/jobs/{workload.job_id}",
        )

    def trustpub_data(self, workload: Workload) -> dict[str, str]:
        return {
            "provider": self.kind,
            "project_path": workload.repository,
            "job_id": workload.job_id or "",
            "sha": workload.sha or "",
        }

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
        environment = fields.get("environment")
        target = Target(crate, registry_url, audience, registry_name)
        return _EXAMPLE.format(
            file=fields["workflow_filepath"],
            environment=f"  environment: {json.dumps(environment)}\n" if environment else "",
            id_token=ID_TOKEN,
            audience=json.dumps(audience),
            started=_started(trigger),
            script=target.script(6),
        )


def _started(trigger: Trigger) -> str:
    """In GitLab's own words, with RE2's expressions."""
    if trigger.is_usual:
        return "$CI_COMMIT_TAG"
    name = "$CI_COMMIT_BRANCH" if trigger.branches else "$CI_COMMIT_TAG"
    return f"{name} =~ {trigger.regex()}"


def _read_project(reader: ClaimReader) -> str:
    repository = reader.required("project_path")
    if len(repository) > MAX_REPOSITORY_LENGTH:
        unexpected_claim("project_path", "is too long")
    if not _CLAIMED_PATH.fullmatch(repository):
        unexpected_claim("project_path", "is not of the form group/project")
    namespace = repository.rpartition("/")[0]
    if ascii_fold(reader.required("namespace_path")) != ascii_fold(namespace):
        unexpected_claim("namespace_path", 'is not the group in the claim "project_path"')
    return repository


def _read_project_id(reader: ClaimReader) -> str:
    project_id = reader.required_id("project_id")
    # Older self-managed versions do not send it yet.
    if reader.optional_id("job_project_id") not in ("", project_id):
        # A fork's merge request runs in the target project while the claims describe the fork.
        unexpected_claim("job_project_id", "is another project than the one the pipeline is of")
    return project_id


def _pipeline_file(uri: str, repository: str, versions: tuple[str, ...], web_base: str) -> str:
    """The file in HOST/PROJECT_PATH//FILE@REF; host and path before it are compared in full.

    A suffix would not do: a group "evil/ferris-labs" ends like the group "ferris-labs".
    """
    project, _, rest = uri.partition("//")
    address = _SCHEME.sub("", web_base).rstrip("/")
    hosts = (address, address.partition("/")[0])  # under a relative root both spellings occur
    if ascii_fold(project) not in [ascii_fold(f"{host}/{repository}") for host in hosts]:
        unexpected_claim("ci_config_ref_uri", "names a pipeline file outside of the job's project")
    for version in versions:
        if version and rest.endswith(f"@{version}"):
            file = rest.removesuffix(f"@{version}")
            break
    else:
        unexpected_claim(
            "ci_config_ref_uri", 'does not end with "@" and the ref or commit of the pipeline'
        )
    if file.startswith("/") or not is_workflow_file(file):
        unexpected_claim("ci_config_ref_uri", "does not name a .yml or .yaml file")
    return file


def _advisories(reader: ClaimReader, protected: bool | None) -> tuple[str, ...]:
    seen = []
    if reader.optional("runner_environment") == "self-hosted":
        seen.append("self_hosted_runner")
    if protected is False:
        seen.append("ref_not_protected")
    return tuple(seen)


_EXAMPLE = """\
# {file}
publish:
  image: rust:1
  rules:
    - if: {started}
{environment}  id_tokens:
    {id_token}:
      aud: {audience}
  script:
    - apt-get update && apt-get install --yes jq
    - |
      set -eu
{script}
"""
