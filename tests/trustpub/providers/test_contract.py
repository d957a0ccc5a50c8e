"""What every provider must do, run over all of them: a new one needs fixtures and nothing here."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent
from urllib.parse import urlsplit

import pytest
import yaml

from tests.factories.id_tokens import claims_of, contract_of, issuer_of, variants_of, verified
from trustpub import restrictions
from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition
from trustpub.jwt import TokenRefused
from trustpub.matching import MatchResult, PublisherView, match
from trustpub.providers import PROVIDERS, UnknownProvider, provider_for
from trustpub.providers.base import InvalidField, Provider, ProviderFields
from trustpub.providers.claim import Role
from trustpub.providers.known_claims import unknown_claims
from trustpub.providers.options import checked_options
from trustpub.providers.workflow_file import WORKSPACE, trigger_of
from trustpub.workload import Workload, WorkloadLinks

EACH = pytest.mark.parametrize("kind", PROVIDERS)
LIFETIMES = {"github": 1, "forgejo": 1, "gitea": 1, "gitlab": 24, "generic": 24, "semaphore": 24}
NO_YAML = {"jenkins", "activestate", "generic"}
WITH_JTI = {"github", "gitlab", "semaphore", "activestate"}
HOSTILE = (
    '"><script>alert(1)</script>',
    "../../../evil",
    "evil/../../x",
    "//evil.example/x",
    "https://evil.example/",
    "user@evil.example",
    "a\r\nSet-Cookie: x=1",
    "\u202egnp.exe",
    "ferri\u017f-labs",
    "\u212aube",
    "%2e%2e%2f",
    "x?y#z",
    "\\\\evil",
    "{sub}",
    "*",
    " ",
    "x" * 1025,
)


def adapter(kind: str) -> Provider:
    return provider_for(kind).configured(contract_of(kind)["options"])


def claim_names(kind: str, *, required: bool | None = None) -> list[str]:
    return [c.name for c in adapter(kind).claims if required in (None, c.required)]


def fields_of(kind: str) -> ProviderFields:
    return adapter(kind).normalise(contract_of(kind)["fields"])


def publisher(kind: str, *, pinned: bool = True) -> PublisherView:
    provider, fields = adapter(kind), fields_of(kind)
    ids = provider.ids_of(fields)
    return PublisherView(
        key=kind,
        repository=provider.repository_of(fields),
        repository_id=ids.repository_id if pinned else None,
        owner_id=ids.owner_id if pinned else None,
        conditions=provider.conditions(fields),
        default_events=provider.allowed_events or None,
    )


def read(kind: str, variant: str | None = None, **changes: object) -> Workload:
    claims = verified(kind, variant, **changes)
    web_url = contract_of(kind)["web_url"]
    return adapter(kind).read(claims, str(claims["iss"]), web_base=web_url)


def outcome(kind: str, variant: str | None = None, **changes: object) -> MatchResult:
    workload = read(kind, variant, **changes)
    return match(workload, [publisher(kind), publisher(kind, pinned=False)])


def links_of(kind: str, workload: Workload) -> list[str]:
    links = adapter(kind).links(workload, contract_of(kind)["web_url"])
    return [link for name in WorkloadLinks.__slots__ if (link := getattr(links, name))]


@EACH
def test_the_example_job_matches_its_publisher(kind: str) -> None:
    assert len(outcome(kind).full) == 2


@EACH
def test_its_issuer_belongs_to_its_row_and_near_misses_do_not(kind: str) -> None:
    provider, row, issuer = adapter(kind), contract_of(kind)["row"], issuer_of(kind)

    assert provider.issuer_matches(issuer, row)
    for other in (
        f"{issuer}/",
        issuer.upper(),
        issuer.replace("https:", "http:"),
        f"{issuer}.evil.example",
        issuer.replace("https://", "https://evil.example/"),
        f"{issuer}?x",
        f"{issuer}#x",
        f" {issuer}",
        issuer[:-1],
        f"{row}/",
        f"{row}/a/b",
        f"{row}/org/",
        f"{row}//pipelines-config/identity/oidc",
    ):
        assert not provider.issuer_matches(other, row), other


@EACH
def test_a_missing_claim_is_named(kind: str) -> None:
    for claim in claim_names(kind, required=True):
        for value in (None, ""):
            with pytest.raises(TokenRefused) as caught:
                outcome(kind, **{claim: value})

            is_flag = isinstance(claims_of(kind)[claim], bool) and value is not None
            expected = ExchangeCode.UNEXPECTED_CLAIM if is_flag else ExchangeCode.MISSING_CLAIM
            assert caught.value.code is expected, claim
            assert f'"{claim}"' in caught.value.message


@EACH
def test_a_claim_of_another_type_is_named(kind: str) -> None:
    for claim in claim_names(kind):
        for value in (True, 1.5, ["x"], {"x": "y"}):
            if claims_of(kind).get(claim) is value or (claim == "ref_protected" and value is True):
                continue  # what it has to be
            with pytest.raises(TokenRefused) as caught:
                outcome(kind, **{claim: value})

            assert caught.value.code is ExchangeCode.UNEXPECTED_CLAIM, (claim, value)
            assert f'"{claim}"' in caught.value.message


@EACH
def test_integers_stand_for_ids_alone(kind: str) -> None:
    checked = {claim.name for claim in adapter(kind).claims if claim.role is Role.CHECKED}
    for name in set(claim_names(kind)) - checked:
        sent = claims_of(kind).get(name)
        if name in contract_of(kind).get("integers", ()):
            assert read(kind, **{name: 7})
        elif isinstance(sent, str) and sent.isdigit():
            assert read(kind, **{name: int(sent)}) == read(kind)
        elif type(sent) is int:
            assert read(kind, **{name: str(sent)}) == read(kind)
        else:
            with pytest.raises(TokenRefused):
                read(kind, **{name: 7})


@EACH
def test_the_fixtures_alter_every_claim_that_matters(kind: str) -> None:
    matters = {c.name for c in adapter(kind).claims if c.role is not Role.SHOWN}

    assert set(contract_of(kind)["altered"]) >= matters - {"build_branch", "build_id"}


@EACH
def test_no_altered_claim_is_granted(kind: str) -> None:
    for claim, value in contract_of(kind)["altered"].items():
        try:
            result = match(read(kind, **{claim: value}), [publisher(kind)])
        except TokenRefused:
            continue
        if claim in contract_of(kind).get("grants_anyway", ()):
            assert [found.renamed for found in result.full] == [True], claim
        else:
            assert result.full == [], claim


@EACH
def test_removing_a_condition_never_helps_an_altered_claim(kind: str) -> None:
    """Each condition is needed: the workload that lacks what it asks for is refused."""
    for condition in publisher(kind).conditions:
        if condition.field == "repository":
            continue
        stranger = PublisherView(
            key=kind,
            repository=publisher(kind).repository,
            repository_id=None,
            owner_id=None,
            conditions=[Condition(condition.field, condition.kind, _other(condition))],
        )
        assert match(read(kind), [stranger]).full == [], condition


@pytest.mark.parametrize(
    ("kind", "variant"),
    [(kind, name) for kind in PROVIDERS for name in contract_of(kind)["renamed"]],
)
def test_a_rename_is_followed_by_the_pinned_publisher_alone(kind: str, variant: str) -> None:
    [found] = outcome(kind, variant).full

    assert found.renamed
    assert found.publisher == publisher(kind)


@pytest.mark.parametrize(
    ("kind", "variant"),
    [(kind, name) for kind in PROVIDERS for name in contract_of(kind)["changed"]],
)
def test_a_changed_identity_is_noticed_by_the_pinned_publisher(kind: str, variant: str) -> None:
    result = match(read(kind, variant), [publisher(kind)])

    assert result.refusal_code is ExchangeCode.IDENTITY_CHANGED


@EACH
def test_names_of_a_repository_survive_the_round_through_its_fields(kind: str) -> None:
    provider, fields = adapter(kind), fields_of(kind)
    repository = provider.repository_of(fields)

    assert provider.named_fields(fields, repository) == fields
    assert read(kind).repository == repository


@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize("variant", ["environment_absent", "environment_empty"])
def test_a_required_environment_must_be_there(kind: str, variant: str) -> None:
    [first, _] = outcome(kind, variant).near

    assert first.differences[0].field == "environment"


def test_only_github_ignores_the_case_of_an_environment() -> None:
    assert outcome("github", "environment_other_case").full
    assert not outcome("gitlab", "environment_other_case").full


@pytest.mark.parametrize("kind", sorted(WITH_JTI))
def test_a_token_name_too_long_to_be_remembered_is_refused(kind: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        outcome(kind, jti="j" * 256)

    assert caught.value.code is ExchangeCode.UNEXPECTED_CLAIM


@EACH
def test_unknown_claims_do_no_harm(kind: str) -> None:
    assert outcome(kind, moon_phase="full", nested={"a": [1]}).full


@EACH
def test_every_claim_of_the_examples_is_known_and_no_other(kind: str) -> None:
    for variant in (None, *variants_of(kind)):
        assert unknown_claims(adapter(kind), verified(kind, variant)) == []

    assert unknown_claims(adapter(kind), ["moon_phase", "exp", "jti"]) == ["moon_phase"]


def test_properties_that_organizations_name_are_known() -> None:
    names = ["repo_property_tier", "repo_property_", "repo_properties"]

    assert unknown_claims(provider_for("github"), names) == ["repo_properties"]


@EACH
def test_every_variant_of_the_fixtures_can_be_read(kind: str) -> None:
    for variant in variants_of(kind):
        assert read(kind, variant).provider == kind


@EACH
def test_workloads_survive_storage_and_hold_no_person(kind: str) -> None:
    stored = read(kind).as_dict()

    assert Workload.from_dict(stored) == read(kind)
    assert "mira" not in str(stored)


@EACH
def test_what_is_noted_of_a_refused_job_names_the_same_repository(kind: str) -> None:
    claims = verified(kind)

    noted = adapter(kind).noted(claims)

    assert noted is not None
    assert noted.repository_id == read(kind).repository_id
    assert "mira" not in str(noted.as_dict())


@pytest.mark.parametrize(
    ("kind", "person"), [("google", {"email": "mira@gmail.com"}), ("entra", {"idtyp": "user"})]
)
def test_nothing_is_noted_of_a_person(kind: str, person: dict[str, object]) -> None:
    assert adapter(kind).noted(verified(kind, **person)) is None


@EACH
def test_nothing_is_noted_where_the_id_is_odd(kind: str) -> None:
    ids = [claim.name for claim in adapter(kind).claims if claim.role is Role.IDENTITY]
    for odd in ("", "a b", "x" * 65, ["1"], None, True, "<i>"):
        noted = adapter(kind).noted(verified(kind, **dict.fromkeys(ids, odd)))

        assert noted is None or re.fullmatch(r"[0-9a-f]{32}", noted.repository_id), odd


@pytest.mark.parametrize(
    "kind", ["forgejo", "gitea", "circleci", "buildkite", "semaphore", "azure"]
)
def test_a_tag_pattern_goes_with_a_form_that_has_its_own_refs(kind: str) -> None:
    options = adapter(kind).rule_options
    rules = restrictions.checked({"tag_pattern": "v{version}"}, options, None)
    wanted = restrictions.conditions(rules, options)

    def judge(workload: Workload) -> list[object]:
        view = replace(publisher(kind), conditions=[*publisher(kind).conditions, *wanted])
        return list(match(workload, [view]).full)

    assert judge(read(kind))
    assert not judge(replace(read(kind), ref="refs/tags/nightly"))
    assert restrictions.limits_refs(rules)
    assert restrictions.version_tag(rules, "tidepool", "1.4.0") == "refs/tags/v1.4.0"


@pytest.mark.parametrize(("kind", "event"), [("buildkite", "api"), ("semaphore", "api")])
def test_a_risky_event_is_for_a_publisher_that_says_so(kind: str, event: str) -> None:
    options = adapter(kind).rule_options
    workload = replace(read(kind), event=event)
    rules = restrictions.checked({"events": [event]}, options, None)
    wanted = restrictions.conditions(rules, options)
    open_one = replace(publisher(kind), conditions=[*publisher(kind).conditions, *wanted])

    assert match(workload, [publisher(kind)]).refusal_code is ExchangeCode.EVENT_NOT_ALLOWED
    assert match(workload, [open_one]).full


@EACH
def test_fields_are_described_for_people(kind: str) -> None:
    provider, given = adapter(kind), contract_of(kind)["fields"]

    assert {rule.name for rule in provider.fields if rule.required or rule.is_pin} <= set(given)
    assert all(rule.label and rule.help.endswith(".") for rule in provider.fields)
    assert provider.title(fields_of(kind))
    assert all(label and value for label, value in provider.summary(fields_of(kind)))


@EACH
def test_a_field_that_is_missing_empty_or_hostile_is_named(kind: str) -> None:
    provider, given = adapter(kind), dict(contract_of(kind)["fields"])
    for rule in provider.fields:
        values: list[str | None] = ["", "x" * 256, "a\nb", *([None] if rule.required else [])]
        # The forms of others write it for what is to be filled in; an environment may be called so.
        values += ["###"] if rule.name != "environment" else []
        for value in values:
            with pytest.raises(InvalidField) as caught:
                provider.normalise({**given, rule.name: value})
            assert caught.value.field == rule.name
            assert caught.value.message
    with pytest.raises(InvalidField):
        provider.normalise({**given, "unknown": "x"})


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        ("organization", ["-labs", "labs-", "a b", "a.b", "a_b"]),
        ("project", ["_lib", ".lib", "lib.", "a#b", "a@b", "a;b", "a/b", "- -"]),
        ("pipeline", ["a/b", "a?b", "*", "--"]),
    ],
)
def test_azures_names_are_those_that_azure_takes(field: str, refused: list[str]) -> None:
    provider, given = adapter("azure"), dict(contract_of("azure")["fields"])

    for name in refused:
        with pytest.raises(InvalidField):
            provider.normalise({**given, field: name})
    provider.normalise({**given, "project": "My Libraries (new)", "pipeline": "Release #2 " * 20})


def test_each_choice_of_a_claim_is_filled_in() -> None:
    given = dict(contract_of("generic")["fields"])

    for value in ("main|###", "###|main", "main|", "|", "*"):
        with pytest.raises(InvalidField):
            adapter("generic").normalise({**given, "branch": value})


@EACH
def test_conditions_are_those_that_survive_storage(kind: str) -> None:
    conditions = adapter(kind).conditions(fields_of(kind))

    assert tuple(Condition.from_dict(item.as_dict()) for item in conditions) == conditions
    assert len(conditions) >= 2


@EACH
def test_an_example_names_the_crate_and_no_secret(kind: str) -> None:
    text = adapter(kind).example_workflow(
        "tidepool", fields_of(kind), registry_url="https://reg.example", audience="reg.example"
    )

    assert "cargo publish --registry waybill --package tidepool" in text
    assert "https://reg.example" in text
    assert "secrets." not in text
    assert "\t" not in text


@EACH
def test_an_example_is_well_formed_down_to_its_shell(kind: str) -> None:
    text = adapter(kind).example_workflow(
        "tidepool", fields_of(kind), registry_url="https://reg.example", audience="reg.example"
    )

    if kind not in NO_YAML:
        yaml.safe_load(text)
    if kind == "github":
        return  # an action exchanges the token
    script = dedent(text[text.rindex("\n", 0, text.index("tokens=")) :].partition("--package")[0])
    shell = script.replace("$$", "$")
    assert "\\" not in shell
    assert subprocess.run(["bash", "-n"], input=shell, text=True, check=False).returncode == 0


@EACH
def test_an_example_for_a_workspace_asks_before_it_publishes(kind: str) -> None:
    text = adapter(kind).example_workflow(
        WORKSPACE, fields_of(kind), registry_url="https://reg.example", audience="reg.example"
    )

    if kind not in NO_YAML:
        yaml.safe_load(text)
    publish = "cargo publish --registry waybill --workspace"
    start = text.rindex("\n", 0, text.index("uploads="))
    script = dedent(text[start:].partition("--workspace")[0]).replace("$$", "$") + "--workspace"
    assert script.endswith(publish)
    assert "preflight=https://reg.example/api/v1/trusted_publishing/preflight" in script
    assert "\\" not in script
    assert "cargo publish" in text.partition("/preflight")[2]
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("kind", "for_tags", "for_branches"),
    [
        ("github", 'tags: ["tidepool-v*"]', 'branches: ["main", "1.x/next"]'),
        ("forgejo", 'tags: ["tidepool-v*"]', 'branches: ["main", "1.x/next"]'),
        (
            "gitlab",
            r"if: $CI_COMMIT_TAG =~ /^(tidepool\-v.*)$/",
            r"if: $CI_COMMIT_BRANCH =~ /^(main|1\.x\/next)$/",
        ),
        ("circleci", r"only: /^(tidepool\-v.*)$/", r"only: /^(main|1\.x\/next)$/"),
        (
            "buildkite",
            r"if: build.tag =~ /^(tidepool\-v.*)$$/",
            r"if: build.branch =~ /^(main|1\.x\/next)$$/",
        ),
        ("azure", 'include: ["tidepool-v*"]', 'include: ["main", "1.x/next"]'),
    ],
)
def test_an_example_starts_where_its_publisher_lets_it(
    kind: str, for_tags: str, for_branches: str
) -> None:
    def started(**rules: object) -> str:
        return adapter(kind).example_workflow(
            "tidepool",
            fields_of(kind),
            registry_url="https://reg.example",
            audience="reg.example",
            trigger=trigger_of("tidepool", None, rules),
        )

    assert for_tags in started(refs="tags", tag_pattern="{crate}-v{version}")
    assert for_branches in started(refs="branches", branches=["main", "1.x/next"])
    yaml.safe_load(started(branches=["main", "1.x/next"]))


def test_a_ref_that_a_field_names_starts_the_example() -> None:
    assert trigger_of("tidepool", "refs/heads/main", {}).branches == ("main",)
    assert trigger_of("tidepool", "refs/tags/v*", {}).is_usual
    for wide in ("tags", "protected", "any", None):
        assert trigger_of("tidepool", wide, {}).is_usual


@EACH
def test_links_stay_on_the_installations_own_pages(kind: str) -> None:
    web = contract_of(kind)["web_url"]
    hosts = {urlsplit(web).netloc, *contract_of(kind).get("hosts", ())}

    for claim in [*claim_names(kind), *claims_of(kind)]:
        for value in HOSTILE:
            try:
                workload = read(kind, **({"iss": issuer_of(kind)} | {claim: value}))
            except TokenRefused as refused:
                assert refused.message.isprintable(), (claim, value)
                continue
            for link in links_of(kind, workload):
                _check_link(link, web, hosts)


@EACH
def test_the_options_of_the_example_are_known(kind: str) -> None:
    provider = provider_for(kind)

    assert checked_options(provider.all_options(), contract_of(kind)["options"]) is not None
    assert provider.issuer_example.startswith("https://")
    assert provider.web_url_of(contract_of(kind)["row"]).startswith("https://")


@EACH
def test_lifetimes_and_replay_keys_follow_the_reference(kind: str) -> None:
    provider = provider_for(kind)

    assert provider.max_lifetime.total_seconds() == LIFETIMES.get(kind, 2) * 3600
    assert provider.needs_jti == (kind in WITH_JTI)
    assert ("jti" in claims_of(kind)) == (kind in WITH_JTI)
    assert provider.default_algorithms == ("RS256",)
    lowered = adapter(kind).configured({**contract_of(kind)["options"], "max_lifetime_minutes": 5})
    assert lowered.lifetime.total_seconds() == 300


def test_an_unknown_provider_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match="github, gitlab"):
        provider_for("teamcity")


def _other(condition: Condition) -> str | tuple[str, ...]:
    values: Mapping[bool, str | tuple[str, ...]] = {True: "other", False: ("other", "another")}
    return values[isinstance(condition.value, str)]


def _check_link(link: str, web: str, hosts: set[str]) -> None:
    parts = urlsplit(link)
    assert parts.scheme == "https", link
    assert parts.netloc in hosts, link
    assert link.startswith(f"{web}/") or parts.netloc != urlsplit(web).netloc, link
    assert not {"..", "."} & set(parts.path.split("/")), link
    assert link.isascii(), link
    assert link.isprintable(), link
    assert not set("<>\"'\\ {}") & set(link), link
