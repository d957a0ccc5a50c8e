"""What a publisher may ask of a job beside its workflow file, and what that lets through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.trustpub import make_workload
from trustpub import restrictions
from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition, ConditionKind
from trustpub.matching import MatchResult, PublisherView, match
from trustpub.providers import provider_for
from trustpub.restrictions import InvalidRule
from trustpub.workload import Workload

GITHUB = provider_for("github").rule_options
GITLAB = provider_for("gitlab").rule_options
SHA = "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10"
CALLED = "shared/flows/.github/workflows/publish.yml"
RULES: list[dict[str, object]] = [
    {"refs": "protected"},
    {"refs": "tags"},
    {"refs": "tags", "tag_pattern": "v{version}"},
    {"refs": "branches", "branches": ["main"]},
    {"events": ["release"]},
    {"runner": "hosted"},
    {"environment": "none"},
    {"enterprise": "ferris-inc"},
    {"called_workflow": CALLED},
    {"called_workflow": CALLED, "called_ref": SHA},
    {"called_workflow": CALLED, "called_ref": "refs/tags/v1.*"},
]


def job(**fields: Any) -> Workload:
    """A job that satisfies all of RULES that do not exclude each other."""
    defaults = {
        "ref": "refs/tags/v1.0.0",
        "ref_type": "tag",
        "ref_protected": True,
        "event": "push",
        "runner_environment": "github-hosted",
    }
    return make_workload(**(defaults | fields))


def judge(rules: dict[str, object], workload: Workload) -> MatchResult:
    checked = restrictions.checked(rules, GITHUB, None)
    publisher = PublisherView(
        key="publisher",
        repository="octo/hello",
        repository_id="74",
        owner_id="65",
        conditions=(
            Condition("workflow", ConditionKind.PATH, "release.yml"),
            *restrictions.conditions(checked, GITHUB),
        ),
        default_events=GITHUB.default_events,
    )
    return match(workload, [publisher])


@pytest.mark.parametrize(
    ("rules", "good", "bad", "field"),
    [
        ({"refs": "protected"}, {}, {"ref_protected": False}, "ref_protected"),
        ({"refs": "protected"}, {}, {"ref_protected": None}, "ref_protected"),
        ({"refs": "tags"}, {}, {"ref_type": "branch"}, "ref_type"),
        ({"refs": "tags"}, {}, {"ref_type": None}, "ref_type"),
        (
            {"refs": "tags", "tag_pattern": "v{version}"},
            {},
            {"ref": "refs/tags/nightly"},
            "ref",
        ),
        (
            {"refs": "branches", "branches": "main, release/1.x"},
            {"ref": "refs/heads/release/1.x", "ref_type": "branch"},
            {"ref": "refs/heads/main2", "ref_type": "branch"},
            "ref",
        ),
        ({"events": ["release"]}, {"event": "release"}, {"event": "push"}, "event"),
        (
            {"runner": "hosted"},
            {},
            {"runner_environment": "self-hosted"},
            "runner_environment",
        ),
        ({"runner": "hosted"}, {}, {"runner_environment": None}, "runner_environment"),
        ({"environment": "none"}, {}, {"environment": "release"}, "environment"),
        ({"enterprise": "Ferris-Inc"}, {"enterprise": "ferris-inc"}, {}, "enterprise"),
        (
            {"called_workflow": CALLED},
            {"called_workflow": CALLED},
            {"called_workflow": "evil/flows/.github/workflows/publish.yml"},
            "called_workflow",
        ),
        ({"called_workflow": CALLED}, {"called_workflow": CALLED}, {}, "called_workflow"),
        (
            {"called_workflow": CALLED},
            {"called_workflow": CALLED.replace("shared/flows", "Shared/Flows")},
            {"called_workflow": CALLED.replace("publish", "Publish")},
            "called_workflow",
        ),
        (
            {"called_workflow": CALLED, "called_ref": SHA},
            {"called_workflow": CALLED, "called_workflow_sha": SHA},
            {"called_workflow": CALLED, "called_workflow_sha": SHA[::-1]},
            "called_workflow_sha",
        ),
        (
            {"called_workflow": CALLED, "called_ref": "refs/tags/v1.*"},
            {"called_workflow": CALLED, "called_workflow_ref": "refs/tags/v1.4"},
            {"called_workflow": CALLED, "called_workflow_ref": "refs/heads/v1.4"},
            "called_workflow_ref",
        ),
    ],
)
def test_a_rule_grants_what_fits_and_names_what_does_not(
    rules: dict[str, object], good: dict[str, Any], bad: dict[str, Any], field: str
) -> None:
    assert judge(rules, job(**good)).full

    result = judge(rules, job(**bad))

    assert not result.full
    assert [difference.field for difference in result.near[0].differences] == [field]


def test_any_called_workflow_is_a_choice_of_its_own() -> None:
    foreign = job(called_workflow=CALLED)

    assert not judge({}, foreign).full
    assert judge({"called_workflow": "any"}, foreign).full


@pytest.mark.parametrize("event", sorted(GITHUB.risky_events))
def test_a_risky_event_needs_a_publisher_that_allows_it(event: str) -> None:
    assert judge({}, job(event=event)).refusal_code is ExchangeCode.EVENT_NOT_ALLOWED
    assert judge({"events": ["push", event]}, job(event=event)).full


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"refs": "all"}, "refs"),
        ({"refs": "tags", "tag_pattern": "v*"}, "tag_pattern"),
        ({"refs": "tags", "tag_pattern": "{version}{version}"}, "tag_pattern"),
        ({"refs": "tags", "tag_pattern": "{crate}{version}"}, "tag_pattern"),
        ({"refs": "tags", "tag_pattern": "v{version} "*40}, "tag_pattern"),
        ({"refs": "tags", "tag_pattern": "v~{version}"}, "tag_pattern"),
        ({"refs": "tags", "tag_pattern": 7}, "tag_pattern"),
        ({"refs": "any", "tag_pattern": "v{version}"}, "tag_pattern"),
        ({"refs": "branches"}, "branches"),
        ({"branches": ["main"]}, "branches"),
        ({"refs": "branches", "branches": ["ma in", "a..b"]}, "branches"),
        ({"refs": "branches", "branches": [7]}, "branches"),
        ({"refs": "branches", "branches": [f"b{n}" for n in range(21)]}, "branches"),
        ({"events": ["pull_request_target"]}, "events"),
        ({"events": ["Push"]}, "events"),
        ({"events": {"push": 1}}, "events"),
        ({"runner": "mine"}, "runner"),
        ({"actor": "me"}, "actor"),
        ({"environment": "some"}, "environment"),
        ({"called_workflow": "release.yml"}, "called_workflow"),
        ({"called_workflow": "a/b/.github/workflows/x/y.yml"}, "called_workflow"),
        ({"called_ref": SHA}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": "v1 v2"}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": "refs/*/*"}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": "v1"}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": SHA[:39]}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": "refs/tags/v 1"}, "called_ref"),
        ({"called_workflow": CALLED, "called_ref": 7}, "called_ref"),
        ({"called_workflow": CALLED.replace("publish", "p" * 1000)}, "called_workflow"),
        ({"enterprise": "a/b"}, "enterprise"),
        ({"enterprise": 7}, "enterprise"),
        ({"made_up": "x"}, "made_up"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_named(rules: dict[str, object], name: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        restrictions.checked(rules, GITHUB, None)

    assert refused.value.name == name


def test_a_named_environment_and_none_exclude_each_other() -> None:
    with pytest.raises(InvalidRule, match="not both"):
        restrictions.checked({"environment": "none"}, GITHUB, "release")


@pytest.mark.parametrize("name", ["actor", "called_workflow", "enterprise"])
def test_what_claims_do_not_prove_is_no_rule(name: str) -> None:
    with pytest.raises(InvalidRule, match="do not prove"):
        restrictions.checked({name: "any"}, GITLAB, None)


def test_a_rule_that_nobody_knows_is_told_from_one_of_another_system() -> None:
    with pytest.raises(InvalidRule, match="no rule named"):
        restrictions.checked({"made_up": "x"}, GITHUB, None)


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_what_is_empty_is_not_asked_for(nothing: object) -> None:
    assert restrictions.checked(dict.fromkeys(restrictions.NAMES, nothing), GITHUB, None) == {}


def test_a_pattern_stands_alone_where_refs_are_a_field_of_the_form() -> None:
    buildkite = provider_for("buildkite").rule_options

    rules = restrictions.checked({"tag_pattern": "v{version}", "environment": "any"}, buildkite, "")

    assert rules == {"tag_pattern": "v{version}"}


@pytest.mark.parametrize(
    "rules",
    [
        {"refs": "tags", "tag_pattern": "v" * 191 + "{version}"},
        {"refs": "branches", "branches": sorted(f"b{n:02}" for n in range(20))},
        {"called_workflow": CALLED.replace("publish", "p" * (1023 - len(CALLED) + 7))},
    ],
)
def test_a_rule_may_be_as_long_as_that(rules: dict[str, object]) -> None:
    assert restrictions.checked(rules, GITHUB, None) == rules


@pytest.mark.parametrize(
    ("rules", "limited"),
    [
        ({}, False),
        ({"refs": "any"}, False),
        ({"events": ["release"]}, False),
        ({"refs": "tags"}, True),
        ({"refs": "protected"}, True),
        ({"tag_pattern": "v{version}"}, True),
    ],
)
def test_it_knows_which_rules_keep_branches_out(rules: dict[str, object], limited: bool) -> None:
    assert restrictions.limits_refs(rules) is limited


def test_lists_and_choices_are_told_in_words() -> None:
    rules = {"refs": "branches", "branches": ["main", "next"], "runner": "hosted"}

    assert restrictions.in_words(rules) == [
        ("Refs", "branches"),
        ("Branches", "main, next"),
        ("Runners", "the CI system's own only"),
    ]


def test_defaults_are_not_stored() -> None:
    usual = {
        "refs": "any",
        "runner": "any",
        "actor": "any",
        "environment": "any",
        "called_workflow": "own",
        "events": sorted(GITHUB.default_events),
    }

    assert restrictions.checked(usual, GITHUB, None) == {}


@pytest.mark.parametrize("rules", RULES)
def test_each_rule_has_words_for_people(rules: dict[str, object]) -> None:
    checked = restrictions.checked(rules, GITHUB, None)

    words = restrictions.in_words(checked)

    assert len(words) == len(checked) - ("environment" in checked)
    assert all(label and value for label, value in words)


TAGS = st.text(alphabet="abcXYZ0129.-_+/", min_size=1, max_size=12)
VERSIONS = st.from_regex(
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-rc\.[0-9])?(\+b[0-9])?", fullmatch=True
)


@given(prefix=st.sampled_from(["v", "", "{crate}-v", "release/"]), version=VERSIONS, other=VERSIONS)
def test_a_tag_publishes_its_own_version_alone(prefix: str, version: str, other: str) -> None:
    pattern = prefix + "{version}"
    rules = restrictions.checked({"refs": "tags", "tag_pattern": pattern}, GITHUB, None)
    tag = restrictions.version_tag(rules, "tide", version)

    assert judge(dict(rules), job(ref=tag)).full
    assert (restrictions.version_tag(rules, "tide", other) == tag) == (other == version)


@given(
    rules=st.sampled_from(RULES),
    changes=st.fixed_dictionaries(
        {},
        optional={
            "ref": st.none() | TAGS.map(lambda tag: f"refs/tags/{tag}"),
            "ref_type": st.sampled_from([None, "tag", "branch"]),
            "ref_protected": st.sampled_from([None, True, False]),
            "event": st.sampled_from(["push", "release", "pull_request", "schedule"]),
            "runner_environment": st.sampled_from([None, "github-hosted", "self-hosted"]),
            "environment": st.sampled_from([None, "release"]),
            "enterprise": st.sampled_from([None, "ferris-inc"]),
            "called_workflow": st.sampled_from([None, CALLED]),
        },
    ),
)
def test_a_rule_never_grants_what_the_publisher_without_it_refuses(
    rules: dict[str, object], changes: dict[str, Any]
) -> None:
    """Except for those that lift something on purpose: events and the called workflow."""
    if {"events", "called_workflow"} & rules.keys():
        return
    if judge(rules, job(**changes)).full:
        assert judge({}, job(**changes)).full


OF_TAGS = {"refs": "tags"}
CALLS_ONE = {"called_workflow": "acme/ci/.github/workflows/publish.yml"}


@pytest.mark.parametrize(
    ("rules", "environment", "field"),
    [
        (OF_TAGS | {"tag_pattern": "{crate}-{crate}-v{version}"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "v{version}{"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "v" * 200 + "{version}"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "{crate}{version}"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "{version}{crate}"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "/v{version}"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "v{version}/"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "v{version}.lock"}, None, "tag_pattern"),
        (OF_TAGS | {"tag_pattern": "v..{version}"}, None, "tag_pattern"),
        ({"refs": "protected", "tag_pattern": "v{version}"}, None, "tag_pattern"),
        ({"environment": "none"}, "release", "environment"),
        (CALLS_ONE | {"called_ref": "refs/tags/*v*"}, None, "called_ref"),
        (CALLS_ONE | {"called_ref": "refs/tags/" + "v" * 246}, None, "called_ref"),
        ({"called_ref": "refs/tags/v1"}, None, "called_ref"),
        ({"no_such": "rule"}, None, "no_such"),
        ({"refs": "every"}, None, "refs"),
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused(
    rules: dict[str, object], environment: str | None, field: str
) -> None:
    with pytest.raises(InvalidRule) as caught:
        restrictions.checked(rules, provider_for("github").rule_options, environment)

    assert caught.value.name == field


def test_a_called_workflow_is_held_to_a_commit_or_one_star() -> None:
    for ref in ("a" * 40, "refs/tags/v1.*", "refs/tags/" + "v" * 245):
        options = provider_for("github").rule_options

        assert (
            restrictions.checked(CALLS_ONE | {"called_ref": ref}, options, None)["called_ref"]
            == ref
        )
