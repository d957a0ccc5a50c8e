"""Google Cloud: ID tokens of service accounts (b.3)."""

import re
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
    missing_claim,
    unexpected_claim,
)
from trustpub.providers.claim import Claim, Role, Suggested
from trustpub.providers.options import OptionRule, must_be_flag
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

_ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]*@(?:[a-z0-9-]+\.)+gserviceaccount\.com")
# Google makes these by itself, and every workload of the project runs as one of them.
_SHARED = re.compile(
    r"\d+-compute@developer\.gserviceaccount\.com"
    r"|[a-z0-9-]+@appspot\.gserviceaccount\.com"
    r"|\d+@cloudbuild\.gserviceaccount\.com"
)


def _address_problem(value: str) -> str | None:
    if _ADDRESS.fullmatch(value):
        return None
    return "Must be a service account's address: name@project.iam.gserviceaccount.com"


class Google(Provider):
    """A publisher is one service account: its address for people, its number for trust."""

    kind = "google"
    label = "Google Cloud"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    noted_claims = {"repository": "email", "repository_id": "sub", "owner_id": "sub"}
    issuer_example = "https://accounts.google.com"
    option_rules = (
        OptionRule(
            "allow_default_accounts",
            "true: accounts that all workloads of a Google project share may publish",
            must_be_flag,
        ),
    )
    claims = (
        Claim("sub", Role.IDENTITY),
        Claim("email", Role.IDENTITY),
        Claim("email_verified", Role.CHECKED),
    )
    other_claims = frozenset({"azp", "google"})
    fields = (
        FieldRule(
            "email",
            "Service account",
            True,
            "The account's address. Give the job an account of its own: whatever else runs as "
            "this account can publish too.",
            _address_problem,
        ),
        FieldRule(
            "subject",
            "Account's unique ID",
            False,
            "The number that Google's console shows; pinned on first use when left out.",
            id_problem,
            is_pin=True,
        ),
    )

    def normalise(self, fields: ProviderFields) -> ProviderFields:
        given = super().normalise(fields)
        self._check_is_own(given["email"] or "")
        return given

    def suggest(self, known: Suggested) -> ProviderFields:
        return {"email": known.repository} if _ADDRESS.fullmatch(known.repository) else {}

    def repository_of(self, fields: ProviderFields) -> str:
        return fields["email"] or ""

    def title(self, fields: ProviderFields) -> str:
        return f"service account {fields['email']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        return {**fields, "email": repository}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        subject = fields.get("subject")
        return StableIds(subject, subject)

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        address = self.repository_of(fields)
        return (
            Condition("repository", ConditionKind.EXACT, address),
            # Once more, because a known number would otherwise make another address a rename.
            Condition(f"{CLAIM}email", ConditionKind.EXACT, address),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        address = reader.required("email")
        if _address_problem(address):
            # A person's login has such tokens too.
            unexpected_claim("email", "is not the address of a service account")
        if reader.raw("email_verified") is None:
            missing_claim("email_verified")
        if reader.raw("email_verified") is not True:
            unexpected_claim("email_verified", "must be true, as a boolean")
        subject = reader.required_id("sub")
        return Workload(
            provider=self.kind,
            repository=address,
            repository_id=subject,
            owner_id=subject,
            workflow="",
            workflow_ref="",
            run_id="",
            event="",
            details={"email": address},
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        """Nothing of a person, whose login has such tokens too."""
        found = super().noted(claims)
        return None if found is None or _address_problem(found.repository) else found

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """None: the token names no source, no commit and no run."""
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
        return _EXAMPLE.format(
            account=fields["email"],
            id_token=ID_TOKEN,
            audience=audience,
            script=target.script(6).replace("$", "$$"),
        )

    def _check_is_own(self, address: str) -> None:
        if _SHARED.fullmatch(address) and self.options.get("allow_default_accounts") is not True:
            raise InvalidField(
                "email",
                "Every workload of the Google project runs as this account; make one that only "
                "the release job uses",
            )


_EXAMPLE = """\
# cloudbuild.yaml; in Cloud Build a $ of the shell is written $$. The account needs the role
# "Service Account OpenID Connect Identity Token Creator" on itself.
serviceAccount: projects/$PROJECT_ID/serviceAccounts/{account}
options:
  logging: CLOUD_LOGGING_ONLY
steps:
  - name: gcr.io/google.com/cloudsdktool/cloud-sdk:slim
    script: |
      gcloud auth print-identity-token --impersonate-service-account={account} \\
        --include-email --audiences={audience} > /workspace/id-token
  - name: rust:1
    entrypoint: bash
    args:
    - -euo
    - pipefail
    - -c
    - |
      apt-get update && apt-get install --yes jq
      export {id_token}=$$(cat /workspace/id-token)
      rm /workspace/id-token
{script}
"""
