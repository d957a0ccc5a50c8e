"""What every provider of CI identities answers, and the readers they share."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, NoReturn, Self
from urllib.parse import urlsplit

from registry.formats.signer import Signer
from trustpub.codes import ExchangeCode
from trustpub.conditions import MAX_VALUE_LENGTH, Condition
from trustpub.echo import printable
from trustpub.jwt import SignedClaims, TokenRefused, VerifiedClaims
from trustpub.providers.claim import Claim, Suggested
from trustpub.providers.noted import NotedClaims, noted_workload
from trustpub.providers.options import COMMON_OPTIONS, OptionRule, Options
from trustpub.providers.workflow_file import ANY_VERSION, Trigger
from trustpub.restrictions import RuleOptions
from trustpub.workload import Workload, WorkloadLinks

MAX_FIELD_LENGTH = 255
MAX_ID_LENGTH = 32  # forges count in 64 bits, which are 20 digits
MAX_SHORT_LENGTH = 64  # commits, runs and numbers are kept in columns of this size
MAX_ATTEMPT_LENGTH = 16
MAX_REPOSITORY_LENGTH = 2 * MAX_FIELD_LENGTH + 1  # no publisher can name a longer one

# Every field of the provider by name, None where it is not set.
ProviderFields = Mapping[str, str | None]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class InvalidField(ValueError):
    """A field of a publisher that can't be stored as it is; the message names the remedy."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field of a publisher: how people see it, and what it may hold.

    `problem` gives the complaint about a non-empty value, or None. A field that `is_pin` holds a
    stable ID that the first exchange can fill in; `default` stands where nothing is given.
    """

    name: str
    label: str
    required: bool
    help: str
    problem: Callable[[str], str | None]
    is_pin: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class StableIds:
    """IDs given together with a publisher; None where they are to be pinned later."""

    repository_id: str | None
    owner_id: str | None


class Provider(ABC):
    """One CI system: the fields of its publishers and the meaning of its claims.

    An instance serves one issuer row, whose options it was made with; see `configured`.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    max_lifetime: ClassVar[timedelta]  # ceiling for `exp - iat` (a.8)
    needs_jti: ClassVar[bool]
    # The claim that names a token; where it is absent the token's digest notices a replay (a.10).
    replay_claim: ClassVar[str] = "jti"
    default_algorithms: ClassVar[tuple[str, ...]] = ("RS256",)
    # What starts a job that may publish, unless its publisher says otherwise; empty where the
    # claims do not tell.
    allowed_events: ClassVar[frozenset[str]] = frozenset()
    # Event -> its risk in one line; a publisher may allow them.
    risky_events: ClassVar[Mapping[str, str]] = {}
    # Names of trustpub.restrictions that the claims can prove.
    restrictions: ClassVar[frozenset[str]] = frozenset()
    # `runner_environment` of the CI system's own machines.
    hosted_runner: ClassVar[str] = ""
    # Number of whoever started the job: compared, never stored.
    actor_claim: ClassVar[str] = ""
    # What is noted of a job whose token is refused after its signature was verified.
    noted_claims: NotedClaims = {}
    option_rules: ClassVar[tuple[OptionRule, ...]] = ()
    # The field that people paste an address into, where the form has one for the repository.
    address_field: ClassVar[str] = ""
    # The field that names the environment in which a job must run, where the form has one.
    environment_field: ClassVar[str] = "environment"
    # How the issuer's address looks, for operators who add one.
    issuer_example: ClassVar[str]
    fields: tuple[FieldRule, ...]
    claims: tuple[Claim, ...]
    # Those beside them that the CI system documents; "name_*" stands for all that begin so.
    other_claims: frozenset[str] = frozenset()

    def __init__(self, options: Options | None = None) -> None:
        self.options: Options = options or {}

    def configured(self, options: Options) -> Self:
        """The provider as one issuer row has set it up."""
        return type(self)(options) if options else self

    @classmethod
    def all_options(cls) -> tuple[OptionRule, ...]:
        return (*COMMON_OPTIONS, *cls.option_rules)

    @property
    def lifetime(self) -> timedelta:
        """The ceiling for `exp - iat`; an operator may lower it."""
        minutes = self.options.get("max_lifetime_minutes")
        if not isinstance(minutes, int):
            return self.max_lifetime
        return min(self.max_lifetime, timedelta(minutes=minutes))

    def audiences(self, own: Sequence[str], issuer_url: str) -> Sequence[str]:
        """What `aud` may be; `own` unless the CI system lets nobody choose it (a.9)."""
        return own

    def web_url_of(self, issuer_url: str) -> str:
        """Where the pages of this installation most likely are: the issuer's own origin."""
        parts = urlsplit(issuer_url)
        return f"{parts.scheme}://{parts.netloc}"

    def api_url_of(self, web_url: str) -> str:
        """Where anybody may ask an installation for the numbers behind names; "" if nowhere."""
        return ""

    def normalise(self, fields: Mapping[str, str | None]) -> ProviderFields:
        """All fields of the provider, checked but not changed. Raises InvalidField."""
        known = {rule.name for rule in self.fields}
        for name in fields:
            if name not in known:
                raise InvalidField(name, f"{self.label} has no field named {printable(name, 60)}")
        return {rule.name: _checked(rule, fields.get(rule.name)) for rule in self.fields}

    def tidy(self, fields: Mapping[str, str | None]) -> ProviderFields:
        """What a person most likely meant by what was typed or pasted into a form."""
        return {name: (value or "").strip() or None for name, value in fields.items()}

    def suggest(self, known: Suggested) -> ProviderFields:
        """The fields that follow from what is known of a workflow, tidied; few or none."""
        return {}

    def without_pins(self, fields: ProviderFields) -> dict[str, str | None]:
        """The fields but for those that have columns of their own."""
        pins = {rule.name for rule in self.fields if rule.is_pin}
        return {name: value for name, value in fields.items() if name not in pins}

    def summary(self, fields: ProviderFields) -> list[tuple[str, str]]:
        """What a publisher asks for, in words: label and value."""
        return [
            (rule.label, value) for rule in self.fields if (value := fields.get(rule.name) or "")
        ]

    def title(self, fields: ProviderFields) -> str:
        """Who publishes, after the issuer's name: "workflow release.yml of octo/hello"."""
        return self.repository_of(fields)

    def open_to_branches(self, fields: ProviderFields) -> bool:
        """Whether everybody who can push a branch can publish through such a publisher."""
        return False

    @abstractmethod
    def repository_of(self, fields: ProviderFields) -> str:
        """The repository's display path."""

    @abstractmethod
    def named_fields(self, fields: ProviderFields, repository: str) -> dict[str, str | None]:
        """The fields with the names of `repository`, for example after a rename."""

    @abstractmethod
    def ids_of(self, fields: ProviderFields) -> StableIds:
        """The IDs among the fields."""

    @abstractmethod
    def conditions(self, fields: ProviderFields) -> tuple[Condition, ...]:
        """What a workload must satisfy; IDs apart, because they may be pinned later."""

    @abstractmethod
    def read(
        self, claims: VerifiedClaims, issuer_url: str, *, web_base: str | None = None
    ) -> Workload:
        """The workload that verified claims describe.

        `web_base` is the issuer row's web address, by default the issuer's own. Raises
        TokenRefused with `missing_claim`, `unexpected_claim` or `event_not_allowed`.
        """

    @abstractmethod
    def links(self, workload: Workload, web_base: str) -> WorkloadLinks:
        """Where to look things up; built on the issuer row's web base, never on a claim's host."""

    def signer(self, workload: Workload, issuer_url: str, web_base: str) -> Signer | None:
        """Whom a certificate of Sigstore's names for this job; None where there are none."""
        return None

    def trustpub_data(self, workload: Workload) -> dict[str, str] | None:
        """The object that clients of crates.io read (crates-io-api.md 3.8).

        None for what they do not know: their types have GitHub and GitLab only.
        """
        return None

    @abstractmethod
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
        """A ready CI file that publishes `crate`, or WORKSPACE, through a publisher of the fields.

        `trigger` is what starts it, as far as the file of the CI system says that.
        """

    @property
    def rule_options(self) -> RuleOptions:
        """What a publisher of this provider can ask of a job beside its fields."""
        return RuleOptions(
            names=self.restrictions,
            default_events=self.allowed_events,
            risky_events=self.risky_events,
            hosted_runner=self.hosted_runner,
        )

    def noted(self, claims: SignedClaims) -> Workload | None:
        """What is known of a job whose token was refused; None where its repository is not."""
        return noted_workload(self.kind, self.noted_claims, claims)

    def issuer_matches(self, issuer_url: str, row_url: str) -> bool:
        """Whether a token's `iss` belongs to an issuer row: byte for byte."""
        return issuer_url == row_url


class ClaimReader:
    """Reads verified claims by name, as text; "" stands for an absent optional claim."""

    def __init__(self, claims: VerifiedClaims) -> None:
        self._claims = claims

    def raw(self, name: str) -> object:
        """The claim as it was sent, for types that only one provider uses."""
        return self._claims.get(name)

    def required(self, name: str) -> str:
        """A text that must be there and not empty."""
        return self.optional(name) or missing_claim(name)

    def required_jti(self) -> None:
        """The token's own name, by which a replay is noticed; it must fit where it is kept."""
        if len(self.required("jti")) > MAX_FIELD_LENGTH:
            unexpected_claim("jti", f"is longer than {MAX_FIELD_LENGTH} characters")

    def required_id(self, name: str) -> str:
        """A decimal number, sent as integer or as text; compared as text."""
        return self.optional_id(name) or missing_claim(name)

    def optional(self, name: str) -> str:
        value = self._claims.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            unexpected_claim(name, "must be a text")
        if len(value) > MAX_VALUE_LENGTH:
            unexpected_claim(name, f"is longer than {MAX_VALUE_LENGTH} characters")
        if _CONTROL.search(value):
            unexpected_claim(name, "holds a control character")
        return value

    def optional_id(self, name: str, limit: int = MAX_ID_LENGTH) -> str:
        value = self._claims.get(name)
        # bool is an int to Python; `true` is not an ID.
        text = str(value) if type(value) is int else self.optional(name)
        if text and (id_problem(text) or len(text) > limit):
            unexpected_claim(name, f"must be a decimal number of at most {limit} digits")
        return text

    def short(self, name: str, limit: int = MAX_SHORT_LENGTH) -> str:
        """An optional text that fits where texts of this length are kept."""
        text = self.optional(name)
        if len(text) > limit:
            unexpected_claim(name, f"is longer than {limit} characters")
        return text

    def required_uuid(self, name: str) -> str:
        return self.optional_uuid(name) or missing_claim(name)

    def optional_uuid(self, name: str) -> str:
        text = self.optional(name)
        if text and uuid_problem(text):
            unexpected_claim(name, "must be a UUID in lower case")
        return text

    def commit(self, name: str) -> str:
        """An optional commit ID: 40 or 64 hexadecimal digits."""
        text = self.optional(name)
        if text and not _COMMIT.fullmatch(text):
            unexpected_claim(name, "must be a commit ID of 40 or 64 hexadecimal digits")
        return text

    def fitting(self, name: str, pattern: re.Pattern[str], problem: str) -> str:
        """A required text of a certain form."""
        text = self.required(name)
        if not pattern.fullmatch(text):
            unexpected_claim(name, problem)
        return text

    def flag(self, name: str) -> bool | None:
        """Forges send booleans as the texts "true" and "false"."""
        value = self._claims.get(name)
        if isinstance(value, bool):
            return value
        text = self.optional(name)
        if text not in ("", "true", "false"):
            unexpected_claim(name, 'must be "true" or "false"')
        return text == "true" if text else None


def missing_claim(name: str, remedy: str = "") -> NoReturn:
    text = f'The token lacks the claim "{name}". {remedy}'.rstrip()
    raise TokenRefused(ExchangeCode.MISSING_CLAIM, text)


def unexpected_claim(name: str, problem: str) -> NoReturn:
    raise TokenRefused(ExchangeCode.UNEXPECTED_CLAIM, f'The claim "{name}" {problem}.')


def check_event(provider: Provider, event: str) -> None:
    """Refuses every event outside the allow-list: many run on input of strangers."""
    if event not in provider.allowed_events and event not in provider.risky_events:
        safe = ", ".join(sorted(provider.allowed_events))
        raise TokenRefused(
            ExchangeCode.EVENT_NOT_ALLOWED,
            f'The job was started by "{printable(event, 60)}", which may not publish because '
            f"others than the maintainers can cause it. Use one of: {safe}.",
        )


def is_workflow_file(path: str) -> bool:
    """Whether a path names a YAML file, and more than its ending."""
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return bool(stem) and dot == "." and ending in ("yml", "yaml")


def id_problem(value: str) -> str | None:
    """The complaint about a stable ID, or None."""
    if value.isascii() and value.isdigit() and len(value) <= MAX_ID_LENGTH:
        return None
    return f"The ID must be a decimal number of at most {MAX_ID_LENGTH} digits"


def uuid_problem(value: str) -> str | None:
    """The complaint about a UUID, or None."""
    if _UUID.fullmatch(value):
        return None
    return "The ID must be a UUID in lower case, such as 1d6f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10"


def value_problem(value: str) -> str | None:
    """For a field that is only compared; "###" or "*" was not filled in, or meant as a pattern."""
    return None if any(map(str.isalnum, value)) else "Must hold a letter or digit"


def _checked(rule: FieldRule, value: str | None) -> str | None:
    if value is None and not rule.required:
        return rule.default
    if value is None:
        raise InvalidField(rule.name, f"{rule.label} is required")
    if not value:
        remedy = "" if rule.required else "; leave it out or send null instead"
        raise InvalidField(rule.name, f"{rule.label} may not be empty{remedy}")
    if len(value) > MAX_FIELD_LENGTH:
        raise InvalidField(
            rule.name, f"{rule.label} is too long (maximum is {MAX_FIELD_LENGTH} characters)"
        )
    if _CONTROL.search(value):
        raise InvalidField(rule.name, f"{rule.label} may not hold control characters")
    if problem := rule.problem(value):
        raise InvalidField(rule.name, problem)
    return value
