"""Forgejo Actions; Gitea's differ in a settings record (b.10)."""

import re
from datetime import timedelta
from typing import ClassVar

from trustpub.conditions import Condition, ConditionKind, ascii_fold
from trustpub.jwt import VerifiedClaims
from trustpub.providers.address import ci_file_in, place_in
from trustpub.providers.base import (
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
from trustpub.providers.ref_rule import ref_conditions, ref_field, takes_any_ref
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import Workload, WorkloadLinks

FOLDERS = (".forgejo/workflows/", ".gitea/workflows/", ".github/workflows/")

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_ISSUER_PATH = "/api/actions"


def _part_problem(value: str) -> str | None:
    if _PART.fullmatch(value) and value not in (".", ".."):
        return None
    return "May hold letters, digits, hyphens, dots and underscores only"


def _file_problem(value: str) -> str | None:
    folder = next((folder for folder in FOLDERS if value.startswith(folder)), "")
    name = value.removeprefix(folder)
    if folder and "/" not in name and is_workflow_file(name):
        return None
    return f"Must be a .yml or .yaml file in {', '.join(FOLDERS)} e.g. {FOLDERS[0]}release.yml"


class Forgejo(Provider):
    """As on GitHub, without environments: a rule about refs is the defence against branches."""

    kind = "forgejo"
    label = "Forgejo Actions"
    max_lifetime = timedelta(hours=1)
    needs_jti = False
    allowed_events = frozenset({"push", "release", "workflow_dispatch", "create", "schedule"})
    # Its form says which refs; a tag pattern and fewer events are on top of that.
    restrictions = frozenset({"tag_pattern", "events"})
    noted_claims = {
        "repository": "repository",
        "repository_id": "repository_id",
        "owner_id": "repository_owner_id",
        "workflow_ref": "workflow_ref",
        "run_id": "run_id",
        "run_number": "run_number",
        "event": "event_name",
        "ref": "ref",
        "sha": "sha",
    }
    address_field = "repository_name"
    issuer_example = "https://codeberg.example/api/actions"
    folder: ClassVar[str] = FOLDERS[0]
    # How a workflow asks for the right to request ID tokens.
    permission: ClassVar[str] = "enable-openid-connect: true"
    claims = (
        Claim("repository", Role.IDENTITY),
        Claim("repository_id", Role.IDENTITY),
        Claim("repository_owner", Role.IDENTITY),
        Claim("repository_owner_id", Role.IDENTITY),
        Claim("workflow_ref", Role.MATCHED),
        Claim("event_name", Role.CHECKED),
        Claim("ref", Role.MATCHED, required=False),
        Claim("ref_type", Role.MATCHED, required=False),
        Claim("ref_protected", Role.SHOWN, required=False),
        Claim("run_number", Role.SHOWN),
    )
    other_claims = frozenset(
        "actor actor_id base_ref head_ref run_attempt run_id sha workflow".split()
    )
    fields = (
        FieldRule(
            "repository_owner",
            "Repository owner",
            True,
            "The account or organisation of the repository.",
            _part_problem,
        ),
        FieldRule(
            "repository_name",
            "Repository name",
            True,
            "The repository that the release workflow is in.",
            _part_problem,
        ),
        FieldRule(
            "workflow_filepath",
            "Workflow file",
            True,
            "With its folder, such as .forgejo/workflows/release.yml.",
            _file_problem,
        ),
        ref_field(protected=True),
        FieldRule(
            "repository_id",
            "Repository ID",
            False,
            "The forge's number of the repository; pinned on first use when left out.",
            id_problem,
            is_pin=True,
        ),
        FieldRule(
            "repository_owner_id",
            "Repository owner ID",
            False,
            "The forge's number of the owner; pinned on first use when left out.",
            id_problem,
            is_pin=True,
        ),
    )

    def tidy(self, fields: ProviderFields) -> ProviderFields:
        tidied = dict(super().tidy(fields))
        name = tidied.get("repository_name") or ""
        if "/" in name and len(place := place_in(name)) > 1:
            tidied["repository_owner"], tidied["repository_name"] = place[:2]
        if (file := tidied.get("workflow_filepath")) and "/" not in file:
            tidied["workflow_filepath"] = self.folder + file
        return tidied

    def suggest(self, known: Suggested) -> ProviderFields:
        if len(known.place) < 2:
            return {}
        owner, name, *page = known.place
        return self.tidy(
            {
                "repository_owner": owner,
                "repository_name": name.removesuffix(".git"),
                "workflow_filepath": known.workflow or ci_file_in(page),
            }
        )

    def title(self, fields: ProviderFields) -> str:
        return f"workflow {fields['workflow_filepath']} of {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return takes_any_ref(fields)

    def web_url_of(self, issuer_url: str) -> str:
        return issuer_url.removesuffix(_ISSUER_PATH).rstrip("/")

    def api_url_of(self, web_url: str) -> str:
        return f"{web_url}/api/v1"

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['repository_owner']}/{fields['repository_name']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        owner, _, name = repository.rpartition("/")
        return {**fields, "repository_owner": owner, "repository_name": name}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("repository_id"), fields.get("repository_owner_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT_CI, self.repository_of(fields)),
            Condition("workflow", ConditionKind.PATH, fields["workflow_filepath"] or ""),
            *ref_conditions(fields),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        repository = _read_repository(reader)
        ref, sha = reader.optional("ref"), reader.commit("sha")
        if not ref and not sha:
            missing_claim("sha")
        workflow_ref = reader.required("workflow_ref")
        event = reader.required("event_name")
        check_event(self, event)
        return Workload(
            provider=self.kind,
            repository=repository,
            repository_id=reader.required_id("repository_id"),
            owner_id=reader.required_id("repository_owner_id"),
            workflow=_workflow_file(workflow_ref, repository, (ref, sha)),
            workflow_ref=workflow_ref,
            ref=ref or None,
            ref_type=reader.optional("ref_type") or None,
            ref_protected=reader.flag("ref_protected"),
            sha=sha or None,
            event=event,
            run_id=reader.optional_id("run_id"),
            run_number=reader.required_id("run_number"),
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        home, sha = workload.repository, workload.sha
        return WorkloadLinks(
            repository=web_link(web_base, home),
            commit=web_link(web_base, home, "commit", sha),
            tree=web_link(web_base, home, "src/commit", sha),
            workflow=web_link(web_base, home, "src/commit", sha, workload.workflow),
            # The pages count runs within the repository, and know nothing of the run's ID.
            run=web_link(web_base, home, "actions/runs", workload.run_number),
        )

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
            file=fields["workflow_filepath"],
            permission=self.permission,
            kind=trigger.kind,
            names=trigger.names,
            id_token=ID_TOKEN,
            audience=audience,
            script=target.script(10),
        )


def _read_repository(reader: ClaimReader) -> str:
    repository = reader.required("repository")
    owner, _, name = repository.partition("/")
    if len(repository) > MAX_REPOSITORY_LENGTH or _part_problem(owner) or _part_problem(name):
        unexpected_claim("repository", "is not of the form owner/name")
    if ascii_fold(reader.required("repository_owner")) != ascii_fold(owner):
        unexpected_claim("repository_owner", 'is not the owner in the claim "repository"')
    return repository


def _workflow_file(workflow_ref: str, repository: str, versions: tuple[str, ...]) -> str:
    """FOLDER/FILE of OWNER/REPO/FOLDER/FILE@REF, where the end of the file is known (b.1)."""
    home = f"{repository}/"
    if not ascii_fold(workflow_ref).startswith(ascii_fold(home)):
        unexpected_claim("workflow_ref", "names a workflow outside of the job's own repository")
    for version in versions:
        if version and workflow_ref.endswith(f"@{version}"):
            file = workflow_ref[len(home) :].removesuffix(f"@{version}")
            break
    else:
        unexpected_claim("workflow_ref", 'does not end with "@" and the ref or commit of the run')
    if _file_problem(file):
        unexpected_claim("workflow_ref", "does not name a .yml or .yaml file in a workflow folder")
    return file


_EXAMPLE = """\
# {file}
name: Publish

on:
  push:
    {kind}: {names}

{permission}

jobs:
  publish:
    runs-on: docker
    container: rust:1
    steps:
      # Actions are JavaScript, which this runner runs with the container's own node.
      - run: apt-get update && apt-get install --yes jq nodejs
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - shell: bash
        run: |
          set -euo pipefail
          header='header = "Authorization: Bearer %s"'
          {id_token}=$(printf "$header" "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
            curl --fail --silent --show-error --config - \\
              "$ACTIONS_ID_TOKEN_REQUEST_URL&audience={audience}" | jq --raw-output .value)
          export {id_token}
{script}
"""
