"""GitHub Actions: github.com, its enterprise issuers, GHE.com and Enterprise Server (b.1)."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from textwrap import indent

from registry.formats.signer import Signer
from trustpub.conditions import Condition, ConditionKind, ascii_fold
from trustpub.jwt import VerifiedClaims
from trustpub.providers.address import ci_file_in, place_in
from trustpub.providers.base import (
    MAX_ATTEMPT_LENGTH,
    MAX_FIELD_LENGTH,
    MAX_REPOSITORY_LENGTH,
    ClaimReader,
    Provider,
    ProviderFields,
    StableIds,
    check_event,
    is_workflow_file,
    missing_claim,
    unexpected_claim,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.github_example import EXAMPLE
from trustpub.providers.github_fields import FIELDS, name_problem
from trustpub.providers.links import web_link
from trustpub.providers.options import OptionRule, must_be_text
from trustpub.providers.workflow_file import ANY_VERSION, Target, Trigger
from trustpub.restrictions import NAMES
from trustpub.workload import Workload, WorkloadLinks

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW_FOLDER = "/.github/workflows/"

# GHE.com: an installation of its own for each customer.
_DATA_RESIDENCY = re.compile(r"https://token\.actions\.([a-z0-9-]{1,63})\.ghe\.com")
_SLUG = re.compile(r"[A-Za-z0-9-]{1,64}")
# Claims may name accounts that were made by rules of an enterprise and hold "_".
_CLAIMED_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class GitHub(Provider):
    """Publishers name the caller's workflow; IDs of repository and owner carry the trust."""

    kind = "github"
    label = "GitHub Actions"
    max_lifetime = timedelta(hours=1)
    needs_jti = True
    # Every other event can run on input of people who may not write to the repository.
    allowed_events = frozenset(
        {"push", "release", "workflow_dispatch", "create", "deployment", "schedule"}
    )
    risky_events = {
        "repository_dispatch": "Whoever holds a token that may write to the repository starts it.",
        "merge_group": "Runs what is in the merge queue, before it is on the branch.",
        "deployment_status": "Runs when a deployment reports, with the code of that moment.",
        "pull_request": "Runs code that nobody reviewed, on a branch of the same repository.",
    }
    restrictions = frozenset(NAMES)
    hosted_runner = "github-hosted"
    actor_claim = "actor_id"
    noted_claims = {
        "repository": "repository",
        "repository_id": "repository_id",
        "owner_id": "repository_owner_id",
        "workflow_ref": "workflow_ref",
        "run_id": "run_id",
        "run_attempt": "run_attempt",
        "event": "event_name",
        "environment": "environment",
        "ref": "ref",
        "sha": "sha",
    }
    issuer_example = "https://github.example.com/_services/token"
    option_rules = (
        OptionRule("enterprise", "accept this enterprise's own issuer alone", must_be_text),
    )
    claims = (
        Claim("jti", Role.CHECKED),
        Claim("repository", Role.IDENTITY),
        Claim("repository_id", Role.IDENTITY),
        Claim("repository_owner", Role.IDENTITY),
        Claim("repository_owner_id", Role.IDENTITY),
        Claim("workflow_ref", Role.MATCHED),
        Claim("job_workflow_ref", Role.MATCHED),
        Claim("event_name", Role.CHECKED),
        Claim("environment", Role.MATCHED, required=False),
        Claim("ref", Role.MATCHED, required=False),
        Claim("run_id", Role.SHOWN),
    )
    other_claims = frozenset(
        (
            "actor actor_id base_ref check_run_id enterprise enterprise_id environment_node_id "
            "head_ref job_workflow_sha ref_protected ref_type repo_property_* "
            "repository_visibility run_attempt run_number runner_environment sha workflow "
            "workflow_sha"
        ).split()
    )
    fields = FIELDS
    address_field = "repository_name"

    def tidy(self, fields: Mapping[str, str | None]) -> ProviderFields:
        tidied = dict(super().tidy(fields))
        name = tidied.get("repository_name") or ""
        if "/" in name and len(place := place_in(name)) > 1:
            # An address or "owner/name" was pasted into the one field.
            tidied["repository_owner"], tidied["repository_name"] = place[:2]
        if workflow := tidied.get("workflow_filename"):
            tidied["workflow_filename"] = workflow.rpartition("/")[2]
        return tidied

    def suggest(self, known: Suggested) -> ProviderFields:
        if len(known.place) < 2:
            return {}
        owner, name, *page = known.place
        return self.tidy(
            {
                "repository_owner": owner,
                "repository_name": name.removesuffix(".git"),
                "workflow_filename": known.workflow or ci_file_in(page),
                "environment": known.environment,
            }
        )

    def summary(self, fields: ProviderFields) -> list[tuple[str, str]]:
        return [
            ("Repository", self.repository_of(fields)),
            ("Workflow", fields["workflow_filename"] or ""),
            ("Environment", fields.get("environment") or "none required"),
        ]

    def title(self, fields: ProviderFields) -> str:
        return f"workflow {fields['workflow_filename']} of {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return not fields.get("environment")

    def web_url_of(self, issuer_url: str) -> str:
        if residence := _DATA_RESIDENCY.match(issuer_url):
            return f"https://{residence[1]}.ghe.com"
        if issuer_url == GITHUB_ISSUER:
            return "https://github.com"
        return super().web_url_of(issuer_url)

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['repository_owner']}/{fields['repository_name']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        owner, _, name = repository.rpartition("/")
        return {**fields, "repository_owner": owner, "repository_name": name}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("repository_id"), fields.get("repository_owner_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        wanted = [
            Condition("repository", ConditionKind.EXACT_CI, self.repository_of(fields)),
            Condition("workflow", ConditionKind.PATH, fields["workflow_filename"] or ""),
        ]
        if environment := fields.get("environment"):
            wanted.append(Condition("environment", ConditionKind.EXACT_CI, environment))
        return tuple(wanted)

    def issuer_matches(self, issuer_url: str, row_url: str) -> bool:
        if pinned := self.options.get("enterprise"):
            return row_url == GITHUB_ISSUER and _enterprise(issuer_url) == pinned
        if issuer_url == row_url:
            return True
        if residence := _DATA_RESIDENCY.fullmatch(row_url):
            return issuer_url == f"{row_url}/{residence[1]}"
        # Enterprises may put their slug behind github.com's issuer; the IDs are the same space.
        return row_url == GITHUB_ISSUER and bool(_enterprise(issuer_url))

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        reader.required_jti()
        repository = _read_repository(reader)
        ref, sha = reader.optional("ref"), reader.commit("sha")
        if not ref and not sha:
            missing_claim("sha")
        workflow_ref = reader.required("workflow_ref")
        workflow = _caller_file(workflow_ref, repository, (ref, sha))
        called = _called_workflow(reader, workflow_ref, (ref, sha))
        event = reader.required("event_name")
        check_event(self, event)
        runner = reader.optional("runner_environment") or None
        return Workload(
            provider=self.kind,
            repository=repository,
            repository_id=reader.required_id("repository_id"),
            owner_id=reader.required_id("repository_owner_id"),
            workflow=workflow,
            workflow_ref=workflow_ref,
            workflow_sha=reader.commit("workflow_sha") or None,
            called_workflow=called,
            called_workflow_ref=_called_ref(reader, called),
            called_workflow_sha=(reader.commit("job_workflow_sha") or None) if called else None,
            ref=ref or None,
            ref_type=reader.optional("ref_type") or None,
            ref_protected=reader.flag("ref_protected"),
            sha=sha or None,
            event=event,
            environment=reader.short("environment", MAX_FIELD_LENGTH) or None,
            run_id=reader.required_id("run_id"),
            run_attempt=reader.optional_id("run_attempt", MAX_ATTEMPT_LENGTH) or None,
            run_number=reader.optional_id("run_number") or None,
            job_id=reader.optional_id("check_run_id") or None,
            runner_environment=runner,
            visibility=reader.optional("repository_visibility") or None,
            enterprise=_enterprise(issuer_url) or _tenant(issuer_url),
            advisories=("self_hosted_runner",) if runner == "self-hosted" else (),
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        repository, run, sha = workload.repository, workload.run_id, workload.sha
        attempt = ("attempts", workload.run_attempt) if workload.run_attempt else ()
        source = workload.workflow_sha or sha
        called_home, folder, called = (workload.called_workflow or "").partition(WORKFLOW_FOLDER)
        return WorkloadLinks(
            repository=web_link(web_base, repository),
            commit=web_link(web_base, repository, "commit", sha),
            tree=web_link(web_base, repository, "tree", sha),
            workflow=web_link(
                web_base, repository, "blob", source, WORKFLOW_FOLDER.strip("/"), workload.workflow
            ),
            called_workflow=web_link(
                web_base,
                called_home,
                "blob",
                workload.called_workflow_sha,
                folder.strip("/"),
                called,
            ),
            run=web_link(web_base, repository, "actions/runs", run, *attempt),
        )

    def signer(self, workload: Workload, issuer_url: str, web_base: str) -> Signer:
        # As Fulcio joins the claims, without quoting anything.
        base = web_base.rstrip("/")
        runs = f"{base}/{workload.repository}/actions/runs"
        return Signer(
            issuer=f"{issuer_url}/{workload.enterprise}" if workload.enterprise else issuer_url,
            source_repository_id=workload.repository_id,
            source_owner_id=workload.owner_id,
            build_config=f"{base}/{workload.workflow_ref}",
            run=f"{runs}/{workload.run_id}/attempts/{workload.run_attempt}",
        )

    def trustpub_data(self, workload: Workload) -> dict[str, str]:
        return {
            "provider": self.kind,
            "repository": workload.repository,
            "run_id": workload.run_id,
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
        return EXAMPLE.format(
            file=fields["workflow_filename"],
            environment=f"    environment: {json.dumps(environment)}\n" if environment else "",
            url=json.dumps(registry_url),
            index=json.dumps(target.index),
            variable=target.prefix,
            kind=trigger.kind,
            names=trigger.names,
            command=target.command if crate else f"|\n{indent(target.command, ' ' * 10)}",
        )


def _enterprise(issuer_url: str) -> str | None:
    """The slug of an enterprise's own issuer on github.com."""
    base, slash, slug = issuer_url.rpartition("/")
    return slug if base == GITHUB_ISSUER and slash and _SLUG.fullmatch(slug) else None


def _tenant(issuer_url: str) -> str | None:
    """The slug of an enterprise on GHE.com where its issuer repeats it."""
    base, _, slug = issuer_url.rpartition("/")
    residence = _DATA_RESIDENCY.fullmatch(base)
    return slug if residence and residence[1] == slug else None


def _read_repository(reader: ClaimReader) -> str:
    repository = reader.required("repository")
    owner, _, name = repository.partition("/")
    if len(repository) > MAX_REPOSITORY_LENGTH:
        unexpected_claim("repository", "is too long")
    if not _CLAIMED_OWNER.fullmatch(owner) or name_problem(name):
        unexpected_claim("repository", "is not of the form owner/name")
    if ascii_fold(reader.required("repository_owner")) != ascii_fold(owner):
        unexpected_claim("repository_owner", 'is not the owner in the claim "repository"')
    return repository


def _caller_file(workflow_ref: str, repository: str, versions: tuple[str, ...]) -> str:
    """The file name in OWNER/REPO/.github/workflows/FILE@REF.

    The ref or commit is known from the token itself, so the end of the name need not be guessed
    at an "@", which may occur both in file names and in refs.
    """
    home = repository + WORKFLOW_FOLDER
    if not ascii_fold(workflow_ref).startswith(ascii_fold(home)):
        # A workflow that an organisation enforces lives elsewhere; its file name says nothing.
        unexpected_claim("workflow_ref", "names a workflow outside of the job's own repository")
    file = _without_version(workflow_ref[len(home) :], versions)
    if file is None:
        unexpected_claim("workflow_ref", 'does not end with "@" and the ref or commit of the run')
    if "/" in file or not is_workflow_file(file):
        unexpected_claim("workflow_ref", "does not name a .yml or .yaml file")
    return file


def _called_workflow(
    reader: ClaimReader, workflow_ref: str, versions: tuple[str, ...]
) -> str | None:
    """OWNER/REPO/.github/workflows/FILE of the reusable workflow that defines the job."""
    called = reader.required("job_workflow_ref")
    if called == workflow_ref:
        return None
    path = _without_version(called, (*versions, reader.optional("job_workflow_sha")))
    if path is None:
        path = _only_workflow_path(called)
    repository, folder, file = path.partition(WORKFLOW_FOLDER)
    if not folder or repository.count("/") != 1 or "/" in file or not is_workflow_file(file):
        unexpected_claim("job_workflow_ref", "does not name a workflow file of a repository")
    return path


def _called_ref(reader: ClaimReader, called: str | None) -> str | None:
    """What stands behind "@" in the claim whose path was told apart from it."""
    if called is None:
        return None
    return reader.required("job_workflow_ref").removeprefix(f"{called}@") or None


def _without_version(text: str, versions: tuple[str, ...]) -> str | None:
    for version in versions:
        if version and text.endswith(f"@{version}"):
            return text.removesuffix(f"@{version}")
    return None


def _only_workflow_path(called: str) -> str:
    """The path before a ref that we do not know: accepted only where it can't be misread."""
    ends = [at for at, mark in enumerate(called) if mark == "@" and is_workflow_file(called[:at])]
    if len(ends) != 1:
        unexpected_claim("job_workflow_ref", "does not tell clearly where the file name ends")
    return called[: ends[0]]
