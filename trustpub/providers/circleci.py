"""CircleCI: IDs alone, because its tokens hold no names (b.5)."""

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
    missing_claim,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.options import OptionRule, must_be_text
from trustpub.providers.ref_rule import kind_of, ref_conditions, ref_field, takes_any_ref
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

_CLAIMS = "oidc.circleci.com/"
_MOST_CONTEXTS = 25
# How the addresses of its pages call the hosts of repositories.
_HOSTS = {
    "github": "github.com",
    "gh": "github.com",
    "bitbucket": "bitbucket.org",
    "bb": "bitbucket.org",
}
# The only hosts that CircleCI builds from, so that a link never leads elsewhere.
_ORIGIN = re.compile(
    r"(?:github\.com|gitlab\.com|bitbucket\.org)(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*){2,6}"
)
_ORIGIN_PROBLEM = "Must be host and path of the repository, e.g. github.com/ferris-labs/tidepool"


def _origin_problem(value: str) -> str | None:
    return None if _ORIGIN.fullmatch(value) else _ORIGIN_PROBLEM


def _contexts_problem(value: str) -> str | None:
    contexts = value.split()
    if len(contexts) > 5:
        return "At most five contexts"
    return next(filter(None, map(uuid_problem, contexts)), None)


class CircleCI(Provider):
    """Organisation, project and pipeline definition by ID, and the repository it builds."""

    kind = "circleci"
    label = "CircleCI"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    restrictions = frozenset({"tag_pattern"})
    noted_claims = {
        "repository": (f"{_CLAIMS}org-id", f"{_CLAIMS}project-id"),
        "repository_id": f"{_CLAIMS}project-id",
        "owner_id": f"{_CLAIMS}org-id",
        "source": f"{_CLAIMS}vcs-origin",
        "ref": f"{_CLAIMS}vcs-ref",
        "run_id": f"{_CLAIMS}workflow-id",
        "job_id": f"{_CLAIMS}job-id",
    }
    issuer_example = "https://oidc.circleci.com"
    option_rules = (
        OptionRule("organization", "accept this organisation's jobs alone; its ID", must_be_text),
    )
    claims = (
        Claim(f"{_CLAIMS}org-id", Role.IDENTITY),
        Claim(f"{_CLAIMS}project-id", Role.IDENTITY),
        Claim(f"{_CLAIMS}pipeline-definition-id", Role.MATCHED),
        Claim(f"{_CLAIMS}vcs-origin", Role.MATCHED),
        Claim(f"{_CLAIMS}ssh-rerun", Role.CHECKED),
        Claim(f"{_CLAIMS}context-ids", Role.MATCHED, required=False),
        Claim(f"{_CLAIMS}vcs-ref", Role.MATCHED, required=False),
        Claim(f"{_CLAIMS}workflow-id", Role.SHOWN),
        Claim(f"{_CLAIMS}job-id", Role.SHOWN),
    )
    other_claims = frozenset({f"{_CLAIMS}pipeline-id"})
    fields = (
        FieldRule(
            "organization_id",
            "Organization ID",
            True,
            "CircleCI shows it under Organization settings, Overview.",
            uuid_problem,
        ),
        FieldRule(
            "project_id",
            "Project ID",
            True,
            "CircleCI shows it under Project settings, Overview.",
            uuid_problem,
        ),
        FieldRule(
            "pipeline_definition_id",
            "Pipeline definition ID",
            True,
            "CircleCI shows it under Project settings, Pipelines.",
            uuid_problem,
        ),
        FieldRule(
            "vcs_origin",
            "Repository",
            True,
            "Host and path, such as github.com/ferris-labs/tidepool; keeps builds of forks out.",
            _origin_problem,
        ),
        FieldRule(
            "context_ids",
            "Context IDs",
            False,
            "Recommended: contexts that the job must use, with blanks between them. A context "
            "can be limited to a security group.",
            _contexts_problem,
        ),
        ref_field(),
    )

    def tidy(self, fields: ProviderFields) -> ProviderFields:
        tidied = dict(super().tidy(fields))
        if origin := tidied.get("vcs_origin"):
            _, _, address = origin.rpartition("://")
            address = address.removeprefix("git@").replace(":", "/", 1)
            tidied["vcs_origin"] = address.rstrip("/").removesuffix(".git")
        return tidied

    def suggest(self, known: Suggested) -> ProviderFields:
        """From a pipeline's page, pipelines/github/OWNER/NAME, or a job's own IDs."""
        page, host, *names = (*known.place, "", "")
        if page == "pipelines" and host in _HOSTS and all(names[:2]):
            return {"vcs_origin": "/".join([_HOSTS[host], *names[:2]])}
        is_job = not (uuid_problem(page) or uuid_problem(host))
        return {"organization_id": page, "project_id": host} if is_job else {}

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['organization_id']}/{fields['project_id']}"

    def title(self, fields: ProviderFields) -> str:
        return f"pipeline of {fields['vcs_origin']}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return takes_any_ref(fields) and not fields.get("context_ids")

    def web_url_of(self, issuer_url: str) -> str:
        return "https://app.circleci.com"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        organization, _, project = repository.partition("/")
        return {**fields, "organization_id": organization, "project_id": project}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("project_id"), fields.get("organization_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        contexts = sorted(set((fields.get("context_ids") or "").split()))
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            Condition("workflow", ConditionKind.ID, fields["pipeline_definition_id"] or ""),
            Condition("source", ConditionKind.EXACT, fields["vcs_origin"] or ""),
            *(
                Condition(f"{CLAIM}context_ids", ConditionKind.INCLUDES, context)
                for context in contexts
            ),
            *ref_conditions(fields),
        )

    def issuer_matches(self, issuer_url: str, row_url: str) -> bool:
        base, slash, organization = issuer_url.partition("/org/")
        if base != row_url or (slash and uuid_problem(organization)):
            return False
        wanted = self.options.get("organization")
        return wanted is None or not slash or organization == wanted

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        organization = reader.required_uuid(f"{_CLAIMS}org-id")
        _, slash, issuing = issuer_url.partition("/org/")
        if slash and issuing != organization:
            unexpected_claim(f"{_CLAIMS}org-id", "is not the organisation that issued the token")
        if self.options.get("organization") not in (None, organization):
            unexpected_claim(
                f"{_CLAIMS}org-id", "is not the organisation that this registry trusts"
            )
        _check_no_shell(reader)
        project = reader.required_uuid(f"{_CLAIMS}project-id")
        ref = reader.optional(f"{_CLAIMS}vcs-ref")
        definition = reader.required_uuid(f"{_CLAIMS}pipeline-definition-id")
        return Workload(
            provider=self.kind,
            repository=f"{organization}/{project}",
            repository_id=project,
            owner_id=organization,
            source=reader.fitting(
                f"{_CLAIMS}vcs-origin", _ORIGIN, "is not host and path of a repository"
            ),
            workflow=definition,
            workflow_ref="",
            ref=ref or None,
            ref_type=kind_of(ref),
            run_id=reader.required_uuid(f"{_CLAIMS}workflow-id"),
            job_id=reader.required_uuid(f"{_CLAIMS}job-id"),
            event="",
            details={"context_ids": _contexts(reader)},
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        return WorkloadLinks(
            repository=f"https://{workload.source}"
            if _ORIGIN.fullmatch(workload.source or "")
            else None,
            run=web_link(web_base, "workflow", workload.run_id, "job", workload.job_id),
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
            id_token=ID_TOKEN,
            audience=audience,
            script=target.script(12),
            filters=_filters(trigger),
        )


def _filters(trigger: Trigger) -> str:
    """Jobs run for all branches and for no tag unless they say otherwise."""
    if trigger.branches:
        return f"            branches:\n              only: {trigger.regex()}\n"
    only = "/^v.*/" if trigger.is_usual else trigger.regex()
    ignored = "            branches:\n              ignore: /.*/\n"
    return f"{ignored}            tags:\n              only: {only}\n"


def _check_no_shell(reader: ClaimReader) -> None:
    name = f"{_CLAIMS}ssh-rerun"
    if reader.raw(name) is None:
        missing_claim(name)
    if reader.raw(name) is True:
        unexpected_claim(
            name,
            "is true: the job was run again with SSH, so a person can read its token; run the "
            "workflow again without SSH",
        )
    if reader.raw(name) is not False:
        unexpected_claim(name, "must be false, as a boolean")


def _contexts(reader: ClaimReader) -> str:
    """The job's contexts as words, the way that a condition looks for one."""
    name = f"{_CLAIMS}context-ids"
    sent = [] if (value := reader.raw(name)) is None else value
    if not isinstance(sent, list) or len(sent) > _MOST_CONTEXTS:
        unexpected_claim(name, f"must be a list of at most {_MOST_CONTEXTS} IDs")
    if any(not isinstance(item, str) or uuid_problem(item) for item in sent):
        unexpected_claim(name, "must hold UUIDs in lower case only")
    return " ".join(sent)


_EXAMPLE = """\
# .circleci/config.yml
version: 2.1
jobs:
  publish:
    docker:
      - image: rust:1
    steps:
      - checkout
      - run: apt-get update && apt-get install --yes jq
      - run:
          name: Publish
          # CircleCI does not mask this token: never print it.
          command: |
            set -euo pipefail
            {id_token}=$(circleci run oidc get --claims '{{"aud": "{audience}"}}')
            export {id_token}
{script}
workflows:
  release:
    jobs:
      - publish:
          filters:
{filters}"""
