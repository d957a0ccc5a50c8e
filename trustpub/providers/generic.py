"""Any other issuer, within a schema that an operator writes for it (b.12).

RubyGems' trusted roles are the same idea without the guards: here at least one pinned ID and one
more condition are asked for, no expression is anybody's, and links stay below one address.
"""

import hashlib
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
    unexpected_claim,
    value_problem,
)
from trustpub.providers.claim import Claim, Role
from trustpub.providers.links import web_link
from trustpub.providers.noted import noted_workload
from trustpub.providers.options import OptionRule, Options, must_be_claims, must_be_text
from trustpub.providers.workflow_file import ANY_VERSION, ID_TOKEN, Target, Trigger
from trustpub.workload import CLAIM, Workload, WorkloadLinks

CHOICE = "|"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_RESERVED = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


def _claims_problem(value: object) -> str | None:
    if problem := must_be_claims(value):
        return problem
    taken = _RESERVED & set(value if isinstance(value, list) else ())
    return f"may not list {min(taken)}: it is always checked" if taken else None


def _run_path_problem(value: object) -> str | None:
    if problem := must_be_text(value):
        return problem
    text = str(value)
    rest = _PLACEHOLDER.sub("", text)
    if "://" in text or text.startswith("/") or not set("{}?#\\%").isdisjoint(rest):
        return "must be a path such as builds/{build_id}, without a host, query or percent sign"
    return None


class Generic(Provider):
    """What claims mean is said by the row: which are IDs, and which an owner may ask for."""

    kind = "generic"
    label = "Another CI system"
    max_lifetime = timedelta(hours=24)
    needs_jti = False
    issuer_example = "https://oidc.ci.example.com"
    option_rules = (
        OptionRule(
            "id_claims",
            "claims that never change and are never used again, such as a project's number",
            _claims_problem,
            required=True,
        ),
        OptionRule("claims", "further claims that an owner may ask for", _claims_problem),
        OptionRule("required_claims", "claims that every token must have", _claims_problem),
        OptionRule("name_claim", "the claim that people know the project by", must_be_text),
        OptionRule(
            "run_path", "the path of a run's page, such as builds/{build_id}", _run_path_problem
        ),
    )

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        ids, others = self._names("id_claims"), self._others()
        self.fields = (
            *(
                FieldRule(
                    name, f"Claim {name}", True, "An ID: must be exactly this.", value_problem
                )
                for name in ids
            ),
            *(
                FieldRule(
                    name,
                    f"Claim {name}",
                    False,
                    f"Must be exactly this, or one of several with {CHOICE} between them.",
                    value_problem,
                )
                for name in others
            ),
        )
        self.noted_claims = {"repository": tuple(ids)}
        required = {*ids, *self._names("required_claims")}
        read = dict.fromkeys([*ids, *others, *self._names("required_claims")])
        self.claims = tuple(
            Claim(name, Role.IDENTITY if name in ids else Role.MATCHED, name in required)
            for name in read
        )
        self.other_claims = frozenset({str(self.options.get("name_claim"))})

    def normalise(self, fields: ProviderFields) -> ProviderFields:
        given = super().normalise(fields)
        if sum(1 for value in given.values() if value) < 2:
            missing = next((name for name, value in given.items() if not value), "")
            raise InvalidField(missing, "Fill in at least one claim beside the ID")
        for name in self._others():
            values = (given[name] or "").split(CHOICE)
            if given[name] and any(map(value_problem, values)):
                raise InvalidField(name, f"Must hold a letter or digit on each side of a {CHOICE}")
        return given

    def repository_of(self, fields: ProviderFields) -> str:
        return "/".join(fields[name] or "" for name in self._names("id_claims"))[:512]

    def title(self, fields: ProviderFields) -> str:
        return f"job of {self.repository_of(fields)}"

    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        # The name is made of IDs, so it never changes.
        return dict(fields)

    def ids_of(self, fields: ProviderFields) -> StableIds:
        identity = _digest([fields[name] or "" for name in self._names("id_claims")])
        return StableIds(identity, identity)

    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        return (
            *(
                Condition(f"{CLAIM}{name}", ConditionKind.ID, fields[name] or "")
                for name in self._names("id_claims")
            ),
            *(_choice(name, value) for name in self._others() if (value := fields.get(name))),
        )

    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        reader = ClaimReader(claims)
        for name in self._names("required_claims"):
            _text(reader, name) or reader.required(name)
        ids = [_text(reader, name) or reader.required(name) for name in self._names("id_claims")]
        if len("/".join(ids)) > 512:
            unexpected_claim(self._names("id_claims")[0], "is too long")
        shown = [claim.name for claim in self.claims]
        known_by = self.options.get("name_claim")
        source = _text(reader, known_by) if isinstance(known_by, str) else ""
        return Workload(
            provider=self.kind,
            repository="/".join(ids),
            repository_id=_digest(ids),
            owner_id=_digest(ids),
            source=source or None,
            workflow="",
            workflow_ref="",
            run_id="",
            event="",
            details={
                name: value
                for name in [*shown, *_PLACEHOLDER.findall(self._run_path)]
                if (value := _text(reader, name))
            },
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        ids = [claims.get(name) for name in self._names("id_claims")]
        if not ids or not all(type(value) in (str, int) and value != "" for value in ids):
            return None
        identity = _digest([str(value) for value in ids])
        return noted_workload(self.kind, self.noted_claims, claims, repository_id=identity)

    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """The run's page; a claim fills in one part of its path and no more."""
        parts: list[str | None] = []
        for part in self._run_path.split("/"):
            names = _PLACEHOLDER.findall(part)
            values = [workload.details.get(name, "") for name in names]
            if not all(values) or any("/" in value for value in values):
                return WorkloadLinks()
            for name, value in zip(names, values, strict=True):
                part = part.replace(f"{{{name}}}", value)
            parts.append(part)
        return WorkloadLinks(run=web_link(web_base, *parts) if self._run_path else None)

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
        return _EXAMPLE.format(id_token=ID_TOKEN, audience=audience, script=target.script(0))

    @property
    def _run_path(self) -> str:
        path = self.options.get("run_path")
        return path if isinstance(path, str) else ""

    def _names(self, option: str) -> list[str]:
        names = self.options.get(option)
        return [str(name) for name in names] if isinstance(names, list) else []

    def _others(self) -> list[str]:
        ids = self._names("id_claims")
        return [name for name in self._names("claims") if name not in ids]


def _choice(name: str, value: str) -> Condition:
    values = tuple(part.strip() for part in value.split(CHOICE))
    if len(values) == 1:
        return Condition(f"{CLAIM}{name}", ConditionKind.EXACT, values[0])
    return Condition(f"{CLAIM}{name}", ConditionKind.ONE_OF, values)


def _text(reader: ClaimReader, name: str) -> str:
    """A text, or a number as a text; anything else is refused."""
    value = reader.raw(name)
    return str(value) if type(value) is int else reader.optional(name)


def _digest(ids: list[str]) -> str:
    return hashlib.sha256("\0".join(ids).encode()).hexdigest()[:32]


_EXAMPLE = """\
#!/usr/bin/env bash
# Put an ID token for the audience {audience} into {id_token} first.
set -euo pipefail
export {id_token}
{script}
"""
