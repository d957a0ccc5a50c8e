"""Jenkins with the OpenID Connect provider plugin: trust in whoever administers it (b.11)."""

import hashlib
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import SignedClaims, VerifiedClaims
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    InvalidField,
    Provider,
    ProviderFields,
    StableIds,
    id_problem,
    unexpected_claim,
    value_problem,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.links import web_link
from trustpub.providers.noted import noted_workload
from trustpub.providers.options import OptionRule, Options, must_be_claims
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

# Of their own meaning, so no template may put something else there.
_RESERVED = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub", "build_number"})


def _job_problem(value: str) -> str | None:
    parts = value.partition("://")
    if parts[0] in ("https", "http") and parts[2] and value.isascii() and value.isprintable():
        return None
    return "Must be the job's whole address, e.g. https://ci.example.org/job/libs/job/tidepool/"


def _extra_problem(value: object) -> str | None:
    if problem := must_be_claims(value):
        return problem
    taken = _RESERVED & set(value if isinstance(value, list) else ())
    return f"may not list {min(taken)}" if taken else None


class Jenkins(Provider):
    """A job by its address, which can change, and what the administrator's templates add."""

    kind = "jenkins"
    label = "Jenkins"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    noted_claims = {"repository": "sub", "run_id": "build_number"}
    issuer_example = "https://ci.example.org/oidc"
    option_rules = (
        OptionRule(
            "extra_claims",
            "names of claims that its templates fill and that publishers may ask for",
            _extra_problem,
        ),
    )

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.fields = (
            FieldRule(
                "job",
                "Job",
                True,
                "The job's address, as the claim sub of its tokens has it.",
                _job_problem,
            ),
            *(
                FieldRule(
                    name,
                    f"Claim {name}",
                    False,
                    "Must be exactly this, if you fill it in.",
                    value_problem,
                )
                for name in self._extra
            ),
        )
        self.claims = (
            Claim("sub", Role.IDENTITY),
            Claim("build_number", Role.SHOWN, required=False),
            *(Claim(name, Role.MATCHED, required=False) for name in self._extra),
        )

    @property
    def _extra(self) -> list[str]:
        names = self.options.get("extra_claims")
        return [str(name) for name in names] if isinstance(names, list) else []

    def normalise(self, fields: ProviderFields) -> ProviderFields:
        given = super().normalise(fields)
        if not any(given.get(name) for name in self._extra) and self._extra:
            raise InvalidField(
                self._extra[0], "Fill in at least one claim beside the job's address"
            )
        return given

    def suggest(self, known: Suggested) -> ProviderFields:
        return {"job": known.repository} if _job_problem(known.repository) is None else {}

    def repository_of(self, fields: ProviderFields) -> str:
        return fields["job"] or ""

    def title(self, fields: ProviderFields) -> str:
        return f"job {fields['job']}"

    def open_to_branches(self, fields: ProviderFields) -> bool:
        return not fields.get("branch")

    def web_url_of(self, issuer_url: str) -> str:
        return issuer_url.removesuffix("/oidc").rstrip("/")

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        return {**fields, "job": repository}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        job = _digest(self.repository_of(fields))
        return StableIds(job, job)

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        job = self.repository_of(fields)
        return (
            Condition("repository", ConditionKind.EXACT, job),
            Condition(f"{CLAIM}sub", ConditionKind.EXACT, job),
            *(
                Condition(f"{CLAIM}{name}", ConditionKind.EXACT, value)
                for name in self._extra
                if (value := fields.get(name))
            ),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        job = reader.required("sub")
        if len(job) > 255 or _job_problem(job):
            unexpected_claim("sub", "is not the address of a job")
        extra = {name: value for name in self._extra if (value := reader.optional(name))}
        branch = extra.get("branch")
        return Workload(
            provider=self.kind,
            repository=job,
            repository_id=_digest(job),
            owner_id=_digest(job),
            workflow="",
            workflow_ref="",
            ref=f"refs/heads/{branch}" if branch else None,
            sha=(reader.commit("commit") if "commit" in extra else "") or None,
            event="",
            run_id=reader.optional_id("build_number"),
            details={"sub": job, **extra},
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        job = claims.get("sub")
        if not isinstance(job, str):
            return None
        return noted_workload(self.kind, self.noted_claims, claims, repository_id=_digest(job))

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """The job's own address, but only below the one that the operator gave."""
        base = f"{web_base.rstrip('/')}/"
        if not workload.repository.startswith(base):
            return WorkloadLinks()
        path = workload.repository.removeprefix(base).strip("/")
        number = None if id_problem(workload.run_id) else workload.run_id
        run = web_link(web_base, path, number)
        return WorkloadLinks(run=f"{run}/" if run else None)

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
        return _EXAMPLE.format(id_token=ID_TOKEN, audience=audience, script=target.script(10))


def _digest(job: str) -> str:
    """Stands where other systems have a number: a renamed job is another job."""
    return hashlib.sha256(job.encode()).hexdigest()[:32]


_EXAMPLE = """\
// Jenkinsfile; the credential `waybill-id-token` is an "OpenID Connect id token" whose
// audience is {audience}
pipeline {{
  agent {{ label 'rust' }} // with cargo, curl and jq
  stages {{
    stage('Publish') {{
      when {{ buildingTag() }}
      steps {{
        withCredentials([string(credentialsId: 'waybill-id-token', variable: '{id_token}')]) {{
          sh '''#!/usr/bin/env bash
          set -euo pipefail
{script}
          '''
        }}
      }}
    }}
  }}
}}
"""
