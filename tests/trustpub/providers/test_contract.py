"""What every provider must do, run over all of them."""

import pytest

from tests.factories.id_tokens import ISSUERS, claims_of, variants_of, verified
from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition
from trustpub.jwt import TokenRefused
from trustpub.matching import MatchResult, PublisherView, match
from trustpub.providers import PROVIDERS, UnknownProvider, provider_for
from trustpub.providers.base import ProviderFields

FIELDS: dict[str, dict[str, str | None]] = {
    "github": {
        "repository_owner": "ferris-labs",
        "repository_name": "tidepool",
        "workflow_filename": "release.yml",
        "environment": "release",
        "repository_id": "702113958",
        "repository_owner_id": "9176411",
    },
    "gitlab": {
        "namespace": "ferris-labs/libs",
        "project": "tidepool",
        "workflow_filepath": ".gitlab-ci.yml",
        "environment": "release",
        "project_id": "20488",
        "namespace_id": "7718",
    },
}

MANDATORY = {
    "github": [
        "jti",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "workflow_ref",
        "job_workflow_ref",
        "event_name",
        "run_id",
    ],
    "gitlab": [
        "jti",
        "project_path",
        "project_id",
        "namespace_path",
        "namespace_id",
        "ci_config_ref_uri",
        "pipeline_source",
        "pipeline_id",
        "job_id",
    ],
}

ALTERED = {
    "github": {
        "repository": "stranger/tidepool",
        "repository_id": "555",
        "repository_owner": "stranger",
        "repository_owner_id": "556",
        "workflow_ref": "ferris-labs/tidepool/.github/workflows/other.yml@refs/tags/v1.4.0",
        "job_workflow_ref": "stranger/ci/.github/workflows/release.yml@refs/tags/v1.4.0",
        "event_name": "pull_request_target",
        "environment": "staging",
        "ref": "refs/heads/main",
    },
    "gitlab": {
        "project_path": "stranger/libs/tidepool",
        "project_id": "555",
        "namespace_path": "stranger/libs",
        "namespace_id": "556",
        "job_project_id": "555",
        "ci_config_ref_uri": "gitlab.com/ferris-labs/libs/tidepool//other.yml@refs/tags/v1.4.0",
        "pipeline_source": "merge_request_event",
        "environment": "Release",
        "ref_path": "refs/heads/main",
    },
}

IDENTITY_CHANGED = {
    "github": ["transferred", "recreated", "owner_reregistered"],
    "gitlab": ["transferred", "recreated", "group_reregistered"],
}

EACH = pytest.mark.parametrize("kind", PROVIDERS)


def pairs(table: dict[str, dict[str, object]] | dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(kind, name) for kind in PROVIDERS for name in table[kind]]


def fields_of(kind: str) -> ProviderFields:
    return provider_for(kind).normalise(FIELDS[kind])


def publisher(kind: str, *, pinned: bool = True) -> PublisherView:
    provider, fields = provider_for(kind), fields_of(kind)
    ids = provider.ids_of(fields)
    return PublisherView(
        key=kind,
        repository=provider.repository_of(fields),
        repository_id=ids.repository_id if pinned else None,
        owner_id=ids.owner_id if pinned else None,
        conditions=provider.conditions(fields),
    )


def outcome(kind: str, variant: str | None = None, **changes: object) -> MatchResult:
    workload = provider_for(kind).read(verified(kind, variant, **changes), ISSUERS[kind])
    return match(workload, [publisher(kind), publisher(kind, pinned=False)])


@EACH
def test_the_example_job_matches_its_publisher(kind: str) -> None:
    assert len(outcome(kind).full) == 2


@pytest.mark.parametrize(("kind", "claim"), pairs(MANDATORY))
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_claim_is_named(kind: str, claim: str, value: str | None) -> None:
    with pytest.raises(TokenRefused) as caught:
        outcome(kind, **{claim: value})

    assert caught.value.code is ExchangeCode.MISSING_CLAIM
    assert f'"{claim}"' in caught.value.message


@pytest.mark.parametrize(("kind", "claim"), pairs(MANDATORY))
@pytest.mark.parametrize("value", [True, 1.5, ["x"], {"x": "y"}])
def test_a_claim_of_another_type_is_named(kind: str, claim: str, value: object) -> None:
    with pytest.raises(TokenRefused) as caught:
        outcome(kind, **{claim: value})

    assert caught.value.code is ExchangeCode.INVALID_CLAIM
    assert f'"{claim}"' in caught.value.message


@pytest.mark.parametrize(("kind", "claim"), pairs(ALTERED))
def test_no_altered_claim_is_granted(kind: str, claim: str) -> None:
    try:
        claims = verified(kind, **{claim: ALTERED[kind][claim]})
        workload = provider_for(kind).read(claims, ISSUERS[kind])
    except TokenRefused:
        return

    assert match(workload, [publisher(kind)]).full == []


@EACH
def test_a_rename_is_followed_by_the_pinned_publisher_alone(kind: str) -> None:
    [found] = outcome(kind, "renamed").full

    assert found.renamed
    assert found.publisher == publisher(kind)


@pytest.mark.parametrize(("kind", "variant"), pairs(IDENTITY_CHANGED))
def test_a_changed_identity_is_noticed_by_the_pinned_publisher(kind: str, variant: str) -> None:
    workload = provider_for(kind).read(verified(kind, variant), ISSUERS[kind])

    result = match(workload, [publisher(kind)])

    assert result.refusal_code is ExchangeCode.IDENTITY_CHANGED


@EACH
@pytest.mark.parametrize("variant", ["environment_absent", "environment_empty"])
def test_a_required_environment_must_be_there(kind: str, variant: str) -> None:
    [first, _] = outcome(kind, variant).near

    assert first.differences[0].field == "environment"


def test_only_github_ignores_the_case_of_an_environment() -> None:
    assert outcome("github", "environment_other_case").full
    assert not outcome("gitlab", "environment_other_case").full


@EACH
def test_a_token_name_too_long_to_be_remembered_is_refused(kind: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        outcome(kind, jti="j" * 256)

    assert caught.value.code is ExchangeCode.INVALID_CLAIM


@EACH
def test_unknown_claims_do_no_harm(kind: str) -> None:
    assert outcome(kind, moon_phase="full", nested={"a": [1]}).full


@EACH
def test_every_variant_of_the_fixtures_can_be_read(kind: str) -> None:
    for variant in variants_of(kind):
        assert provider_for(kind).read(verified(kind, variant), ISSUERS[kind]).provider == kind


@EACH
def test_fields_are_described_for_people(kind: str) -> None:
    provider = provider_for(kind)

    assert {rule.name for rule in provider.fields} == set(FIELDS[kind])
    assert all(rule.label and rule.help.endswith(".") for rule in provider.fields)


@EACH
def test_conditions_are_those_that_survive_storage(kind: str) -> None:
    conditions = provider_for(kind).conditions(fields_of(kind))

    assert tuple(Condition.from_dict(item.as_dict()) for item in conditions) == conditions
    assert [item.field for item in conditions] == ["repository", "workflow", "environment"]


@EACH
def test_an_example_names_the_crate_and_no_secret(kind: str) -> None:
    text = provider_for(kind).example_workflow(
        "tidepool", fields_of(kind), registry_url="https://reg.example", audience="reg.example"
    )

    assert "cargo publish --registry waybill --package tidepool" in text
    assert "secrets." not in text


@EACH
def test_lifetimes_and_replay_keys_follow_the_reference(kind: str) -> None:
    provider = provider_for(kind)
    seconds = {"github": 3600, "gitlab": 24 * 3600}[kind]

    assert provider.max_lifetime.total_seconds() == seconds
    assert provider.needs_jti
    assert provider.default_algorithms == ("RS256",)
    assert claims_of(kind)["jti"]


def test_an_unknown_provider_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match="github, gitlab"):
        provider_for("jenkins")
