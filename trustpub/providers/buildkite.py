"""Buildkite: pipelines by ID, steps and tags by rule (b.6)."""

import re
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import VerifiedClaims
from trustpub.providers.address import place_in
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    check_event,
    missing_claim,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.ref_rule import ref_conditions, ref_field, takes_any_ref
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")
# Where in the pipeline, and on whose machines.
_WHERE = ("step_key", "queue_key", "cluster_id")
_REQUEST = "buildkite-agent oidc request-token --claim organization_id --claim pipeline_id"


def _slug_problem(value: str) -> str | None:
    if _SLUG.fullmatch(value):
        return None
    return "Must be as in the pipeline's address: lower-case letters, digits and hyphens"


def _key_problem(value: str) -> str | None:
    return None if _KEY.fullmatch(value) else "Must be the key as the pipeline's steps name it"


class Buildkite(Provider):
    """A pipeline by its number; its builds by tag, because branches can be anybody's."""

    kind = "buildkite"
    label = "Buildkite"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    allowed_events = frozenset({"webhook", "ui", "schedule"})
    risky_events = {
        "api": "Whoever holds an API token of the organization starts it, on any branch.",
        "trigger_job": "A step of another pipeline starts it.",
    }
    restrictions = frozenset({"tag_pattern", "events"})
    noted_claims = {
        "repository": ("organization_slug", "pipeline_slug"),
        "repository_id": "pipeline_id",
        "owner_id": "organization_id",
        "run_id": "build_number",
        "job_id": "job_id",
        "event": "build_source",
    }
    address_field = "pipeline_slug"
    issuer_example = "https://agent.buildkite.com"
    claims = (
        Claim("organization_slug", Role.IDENTITY),
        Claim("organization_id", Role.IDENTITY),
        Claim("pipeline_slug", Role.IDENTITY),
        Claim("pipeline_id", Role.IDENTITY),
        Claim("build_source", Role.CHECKED),
        Claim("build_branch", Role.MATCHED),
        Claim("build_tag", Role.MATCHED, required=False),
        Claim("step_key", Role.MATCHED, required=False),
        Claim("queue_key", Role.MATCHED, required=False),
        Claim("cluster_id", Role.MATCHED, required=False),
        Claim("build_number", Role.SHOWN),
        Claim("job_id", Role.SHOWN),
    )
    other_claims = frozenset({"agent_id", "build_commit", "runner_environment"})
    fields = (
        FieldRule(
            "organization_slug",
            "Organization",
            True,
            "As in the pipeline's address: buildkite.com/ORGANIZATION/PIPELINE.",
            _slug_problem,
        ),
        FieldRule("pipeline_slug", "Pipeline", True, "As in the same address.", _slug_problem),
        ref_field(),
        FieldRule(
            "step_key",
            "Step key",
            False,
            "Recommended: the key of the one step that publishes.",
            _key_problem,
        ),
        FieldRule(
            "queue_key",
            "Queue",
            False,
            "Recommended: the queue whose agents publish, because whoever runs the agent can "
            "read the token.",
            _key_problem,
        ),
        FieldRule(
            "cluster_id",
            "Cluster ID",
            False,
            "A UUID: the cluster whose agents publish. Queues of two clusters may share a name.",
            uuid_problem,
        ),
        FieldRule(
            "pipeline_id",
            "Pipeline ID",
            False,
            "A UUID, under the pipeline's settings; pinned on first use when left out.",
            uuid_problem,
            is_pin=True,
        ),
        FieldRule(
            "organization_id",
            "Organization ID",
            False,
            "A UUID, under the organization's settings; pinned on first use when left out.",
            uuid_problem,
            is_pin=True,
        ),
    )

    def tidy(self, fields: ProviderFields) -> ProviderFields:
        tidied = dict(super().tidy(fields))
        pipeline = tidied.get("pipeline_slug") or ""
        if "/" in pipeline and len(place := place_in(pipeline)) > 1:
            tidied["organization_slug"], tidied["pipeline_slug"] = place[:2]
        return tidied

    def suggest(self, known: Suggested) -> ProviderFields:
        return self.tidy({"pipeline_slug": "/".join(known.place[:2])})

    def title(self, fields: ProviderFields) -> str:
        return f"pipeline {self.repository_of(fields)}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return takes_any_ref(fields)

    def web_url_of(self, issuer_url: str) -> str:
        return "https://buildkite.com"

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['organization_slug']}/{fields['pipeline_slug']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        organization, _, pipeline = repository.partition("/")
        return {**fields, "organization_slug": organization, "pipeline_slug": pipeline}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("pipeline_id"), fields.get("organization_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            *ref_conditions(fields),
            *(
                Condition(f"{CLAIM}{name}", ConditionKind.EXACT, value)
                for name in _WHERE
                if (value := fields.get(name))
            ),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        for name in ("organization_id", "pipeline_id"):
            if not reader.optional_uuid(name):
                # They are sent only if the job asks for them.
                missing_claim(name, f"Request it: {_REQUEST}")
        source = reader.required("build_source")
        check_event(self, source)
        tag, branch = reader.optional("build_tag"), reader.required("build_branch")
        organization = reader.fitting("organization_slug", _SLUG, "is not a slug")
        pipeline = reader.fitting("pipeline_slug", _SLUG, "is not a slug")
        if len(organization) + len(pipeline) > 500:
            unexpected_claim("pipeline_slug", "is too long")
        return Workload(
            provider=self.kind,
            repository=f"{organization}/{pipeline}",
            repository_id=reader.required_uuid("pipeline_id"),
            owner_id=reader.required_uuid("organization_id"),
            workflow="",
            workflow_ref="",
            ref=f"refs/tags/{tag}" if tag else f"refs/heads/{branch}",
            ref_type="tag" if tag else "branch",
            sha=_commit(reader),
            event=source,
            run_id=reader.required_id("build_number"),
            job_id=reader.required_uuid("job_id"),
            runner_environment=reader.short("runner_environment") or None,
            details={
                name: value
                for name in _WHERE
                if (
                    value := reader.optional_uuid(name)
                    if name == "cluster_id"
                    else reader.optional(name)
                )
            },
        )

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """Of the build only: the token does not say which repository it built."""
        build = web_link(web_base, workload.repository, "builds", workload.run_id)
        if build and workload.job_id and not uuid_problem(workload.job_id):
            build = f"{build}#{workload.job_id}"
        return WorkloadLinks(run=build)

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
        step = fields.get("step_key") or "publish"
        queue = fields.get("queue_key")
        return _EXAMPLE.format(
            step=step,
            queue=f'    agents:\n      queue: "{queue}"\n' if queue else "",
            request=_REQUEST,
            id_token=ID_TOKEN,
            audience=audience,
            started=_started(trigger),
            script=target.script(6).replace("$", "$$"),
        )


def _started(trigger: Trigger) -> str:
    if trigger.is_usual:
        return "build.tag =~ /^v/"
    kind = "branch" if trigger.branches else "tag"
    return f"build.{kind} =~ {trigger.regex()}".replace("$", "$$")


def _commit(reader: ClaimReader) -> str | None:
    """The build's commit; a build that was started by hand may name "HEAD" instead."""
    sent = reader.optional("build_commit")
    return None if sent == "HEAD" else reader.commit("build_commit") or None


_EXAMPLE = """\
# .buildkite/pipeline.yml; Buildkite itself reads $, so a $ of the shell is written $$
steps:
  - key: "{step}"
    label: "Publish"
    if: {started}
{queue}    command: |
      set -euo pipefail
      {id_token}=$$({request} \\
        --audience {audience})
      export {id_token}
{script}
"""
