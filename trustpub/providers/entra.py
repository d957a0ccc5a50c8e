"""Entra ID: application tokens, the better way from Azure's pipelines (b.9)."""

from collections.abc import Sequence
from datetime import timedelta

from trustpub.conditions import Condition, ConditionKind
from trustpub.jwt import SignedClaims, VerifiedClaims
from trustpub.providers.base import (
    ClaimReader,
    FieldRule,
    Provider,
    ProviderFields,
    StableIds,
    unexpected_claim,
    uuid_problem,
)
from trustpub.providers.claim import Claim, Role
from trustpub.providers.options import OptionRule, must_be_text
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import Workload, WorkloadLinks

# What makes it an application that holds no shared secret: claim, value, and why.
_EXPECTED = (
    ("ver", "2.0", "must be 2.0: set requestedAccessTokenVersion of the application to 2"),
    ("idtyp", "app", "must be app: people's tokens do not publish"),
    ("azpacr", "2", "must be 2: the application must sign in by certificate or federation"),
)


class Entra(Provider):
    """A publisher is one application or managed identity of one tenant, by its object ID."""

    kind = "entra"
    label = "Microsoft Entra ID"
    max_lifetime = timedelta(hours=2)
    needs_jti = False
    replay_claim = "uti"
    noted_claims = {"repository": ("tid", "oid"), "repository_id": "oid", "owner_id": "tid"}
    issuer_example = "https://login.microsoftonline.com/4b1f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10/v2.0"
    option_rules = (
        OptionRule(
            "audience",
            "the application ID of this registry's own app registration",
            must_be_text,
            required=True,
        ),
    )
    claims = (
        Claim("tid", Role.IDENTITY),
        Claim("oid", Role.IDENTITY),
        Claim("sub", Role.IDENTITY),
        Claim("uti", Role.CHECKED),
        Claim("ver", Role.CHECKED),
        Claim("idtyp", Role.CHECKED),
        Claim("azpacr", Role.CHECKED),
    )
    other_claims = frozenset({"azp"})
    fields = (
        FieldRule("tenant_id", "Tenant ID", True, "The directory, a UUID.", uuid_problem),
        FieldRule(
            "object_id",
            "Object ID",
            True,
            "Of the enterprise application or managed identity; not its application ID.",
            uuid_problem,
        ),
    )

    def audiences(self, own: Sequence[str], issuer_url: str) -> Sequence[str]:
        audience = self.options.get("audience")
        return [audience] if isinstance(audience, str) else own

    def repository_of(self, fields: ProviderFields) -> str:
        return f"{fields['tenant_id']}/{fields['object_id']}"

    def title(self, fields: ProviderFields) -> str:
        return f"application {fields['object_id']}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        tenant, _, application = repository.partition("/")
        return {**fields, "tenant_id": tenant, "object_id": application}

    def ids_of(self, fields: ProviderFields) -> StableIds:
        return StableIds(fields.get("object_id"), fields.get("tenant_id"))

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            Condition("repository", ConditionKind.EXACT, self.repository_of(fields)),
            Condition("repository_id", ConditionKind.ID, fields["object_id"] or ""),
            Condition("owner_id", ConditionKind.ID, fields["tenant_id"] or ""),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        tenant, application = reader.required_uuid("tid"), reader.required_uuid("oid")
        if not issuer_url.endswith(f"/{tenant}/v2.0"):
            unexpected_claim("tid", "is not the tenant that issued the token")
        if reader.required_uuid("sub") != application:
            unexpected_claim("sub", "must be the same as oid")
        for name, wanted, problem in _EXPECTED:
            if reader.required(name) != wanted:
                unexpected_claim(name, problem)
        reader.required("uti")
        return Workload(
            provider=self.kind,
            repository=f"{tenant}/{application}",
            repository_id=application,
            owner_id=tenant,
            workflow="",
            workflow_ref="",
            run_id="",
            event="",
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        """Nothing of a person."""
        return super().noted(claims) if claims.get("idtyp") == "app" else None

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
            id_token=ID_TOKEN,
            audience=self.options.get("audience", audience),
            script=target.script(8),
        )


_EXAMPLE = """\
# azure-pipelines.yml; the service connection uses workload identity federation
trigger:
  tags:
    include: ["v*"]
  branches:
    exclude: ["*"]
pool:
  vmImage: ubuntu-latest
steps:
  - task: AzureCLI@2
    displayName: Publish
    inputs:
      azureSubscription: crate-publisher
      scriptType: bash
      scriptLocation: inlineScript
      inlineScript: |
        set -euo pipefail
        {id_token}=$(az account get-access-token --scope {audience}/.default \\
          --query accessToken --output tsv)
        export {id_token}
{script}
"""
