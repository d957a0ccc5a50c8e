import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustpub.conditions import (
    Condition,
    ConditionKind,
    InvalidCondition,
    ascii_fold,
    matches,
    rule_digest,
)

EXACT, EXACT_CI, ID, PATH, REPOSITORY_PATH, REF_PATTERN, ONE_OF, INCLUDES, ANY = ConditionKind
TEXTS = st.text(min_size=1, max_size=20)


def condition(kind: ConditionKind, value: str | tuple[str, ...]) -> Condition:
    return Condition("field", kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "received", "expected"),
    [
        (EXACT, "release", "release", True),
        (EXACT, "release", "Release", False),
        (EXACT, "release", "release ", False),
        (EXACT, "release", None, False),
        (EXACT, "", None, True),
        (EXACT, "", "", True),
        (EXACT, "", "release", False),
        (EXACT_CI, "Release", "rELEASE", True),
        (EXACT_CI, "release", "releas\u0435", False),
        (EXACT_CI, "s", "\u017f", False),
        (EXACT_CI, "k", "\u212a", False),
        (EXACT_CI, "i\u0307", "\u0130", False),
        (EXACT_CI, "é", "É", False),
        (ANY, "", None, True),
        (ANY, "", "anything", True),
        (ID, "702113958", "702113958", True),
        (ID, "702113958", "0702113958", False),
        (ID, "702113958", None, False),
        (PATH, "release.yml", "release.yml", True),
        (PATH, "release.yml", "Release.yml", False),
        (REPOSITORY_PATH, "Lib/Flows/x/a.yml", "lib/fLOWS/x/a.yml", True),
        (REPOSITORY_PATH, "lib/flows/x/a.yml", "lib/flows/x/A.yml", False),
        (REPOSITORY_PATH, "lib/flows/x/a.yml", "lib/flows/X/a.yml", False),
        (REPOSITORY_PATH, "lib/flows/x/a.yml", "lib/flows", False),
        (REPOSITORY_PATH, "lib/flows/x/a.yml", "libflows/x/a.yml", False),
        (REPOSITORY_PATH, "lib/flowk/x/a.yml", "lib/flow\u212a/x/a.yml", False),
        (REPOSITORY_PATH, "lib/flows/x/a.yml", None, False),
        (ONE_OF, ("push", "release"), "release", True),
        (ONE_OF, ("push", "release"), "schedule", False),
        (ONE_OF, ("push", "release"), None, False),
        (INCLUDES, "b", "a b c", True),
        (INCLUDES, "b", "ab bc", False),
        (INCLUDES, "b", None, False),
        (REF_PATTERN, "refs/tags/v{version}", "refs/tags/v1.2.3", True),
        (REF_PATTERN, "refs/tags/v{version}", "refs/tags/v1.2.3-rc.1+build", True),
        (REF_PATTERN, "refs/tags/v{version}", "refs/tags/v", False),
        (REF_PATTERN, "refs/tags/v{version}", "refs/tags/v1.2.3/x", False),
        (REF_PATTERN, "refs/tags/v{version}", "refs/tags/v1.2.3\n", False),
        (REF_PATTERN, "refs/tags/v{version}", "refs/heads/refs/tags/v1.2.3", False),
        (REF_PATTERN, "refs/tags/{crate}-v{version}", "refs/tags/serde_json-v1.0.0", True),
        (REF_PATTERN, "refs/heads/release-*", "refs/heads/release-2", True),
        (REF_PATTERN, "refs/heads/release-*", "refs/heads/release-2/evil", False),
        (REF_PATTERN, "refs/tags/v1.0", "refs/tags/v1x0", False),
        (REF_PATTERN, "refs/tags/(.+)+$", "refs/tags/aaaa", False),
    ],
)
def test_each_kind_compares_in_its_own_way(
    kind: ConditionKind, value: str | tuple[str, ...], received: str | None, expected: bool
) -> None:
    assert matches(condition(kind, value), received) is expected


@pytest.mark.parametrize("kind", [EXACT, EXACT_CI, ID, PATH])
def test_a_value_beyond_the_limit_matches_nothing(kind: ConditionKind) -> None:
    assert matches(condition(kind, "x" * 1024), "x" * 1024)
    assert not matches(condition(kind, "x" * 1024), "x" * 1025)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ID, ""),
        (PATH, ""),
        (REF_PATTERN, ""),
        (ONE_OF, ()),
        (ONE_OF, ("push", "")),
        (ONE_OF, "push"),
        (EXACT, ("push",)),
        (EXACT, "x" * 1025),
        (REF_PATTERN, "*-*-*"),
    ],
)
def test_it_refuses_conditions_that_make_no_sense(
    kind: ConditionKind, value: str | tuple[str, ...]
) -> None:
    with pytest.raises(InvalidCondition, match="field"):
        condition(kind, value)


def test_no_pattern_takes_long() -> None:
    hard = condition(REF_PATTERN, "*" + "a" * 40 + "*b")

    # Of this thread alone, whatever else the machine has to do.
    started = time.thread_time()
    assert not matches(hard, "a" * 1024)
    assert time.thread_time() - started < 0.5


@given(TEXTS)
def test_folding_changes_ascii_letters_alone(text: str) -> None:
    folded = ascii_fold(text)

    assert len(folded) == len(text)
    assert all(new == old or old.isascii() for new, old in zip(folded, text, strict=True))


@given(st.sampled_from([EXACT, EXACT_CI, ID, PATH]), TEXTS)
def test_a_condition_survives_storage(kind: ConditionKind, value: str) -> None:
    assert Condition.from_dict(condition(kind, value).as_dict()) == condition(kind, value)


def test_a_list_survives_storage() -> None:
    events = condition(ONE_OF, ("push", "release"))

    assert Condition.from_dict(events.as_dict()) == events


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"field": "ref", "kind": "exact"},
        {"field": "ref", "kind": "regex", "value": ".*"},
        {"field": "ref", "kind": "exact", "value": 7},
        {"field": "ref", "kind": "id", "value": ""},
    ],
)
def test_it_does_not_guess_what_a_stored_condition_meant(stored: dict[str, object]) -> None:
    with pytest.raises(InvalidCondition):
        Condition.from_dict(stored)


def test_equal_rules_have_one_digest() -> None:
    repository = Condition("repository", EXACT_CI, "Ferris/Tidepool")
    workflow = Condition("workflow", PATH, "release.yml")
    same = Condition("repository", EXACT_CI, "ferris/tidepool")

    assert rule_digest("issuer", [repository, workflow]) == rule_digest("issuer", [workflow, same])
    assert len(rule_digest("issuer", [])) == 64


@pytest.mark.parametrize(
    "other",
    [
        ("another", [Condition("workflow", PATH, "release.yml")]),
        ("issuer", []),
        ("issuer", [Condition("workflow", PATH, "Release.yml")]),
        ("issuer", [Condition("workflow", EXACT, "release.yml")]),
        ("issuer", [Condition("environment", PATH, "release.yml")]),
        ("issuer", [Condition("workflow", ONE_OF, ("release.yml", "x.yml"))]),
    ],
)
def test_rules_that_differ_in_anything_have_another_digest(
    other: tuple[str, list[Condition]],
) -> None:
    rule = rule_digest("issuer", [Condition("workflow", PATH, "release.yml")])

    assert rule_digest(*other) != rule


def test_a_value_that_is_too_long_satisfies_nothing() -> None:
    for kind, value in ((ConditionKind.ANY, ""), (ConditionKind.INCLUDES, "a")):
        condition = Condition("scope", kind, value)
        assert matches(condition, "a " * 512)
        assert not matches(condition, "a " * 512 + "a")


def test_only_a_pattern_has_placeholders() -> None:
    many = "***.yml"

    assert Condition("workflow", ConditionKind.PATH, many).values == (many,)
    with pytest.raises(InvalidCondition, match="placeholders"):
        Condition("ref", ConditionKind.REF_PATTERN, many)


def test_a_choice_is_stored_as_a_list() -> None:
    assert Condition("event", ConditionKind.ONE_OF, ("a", "b")).as_dict()["value"] == ["a", "b"]
