from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.id_tokens import issuer_of, verified
from trustpub.codes import ExchangeCode
from trustpub.conditions import Condition, ConditionKind
from trustpub.matching import Difference, Match, PublisherView, match
from trustpub.providers import provider_for
from trustpub.workload import Workload

REPOSITORY_ID, OWNER_ID = "702113958", "9176411"
WORKFLOW = Condition("workflow", ConditionKind.PATH, "release.yml")
ENVIRONMENT = Condition("environment", ConditionKind.EXACT_CI, "release")
RULE = (
    Condition("repository", ConditionKind.EXACT_CI, "ferris-labs/tidepool"),
    WORKFLOW,
    ENVIRONMENT,
)


def job(variant: str | None = None, **changes: object) -> Workload:
    claims = verified("github", variant, **changes)
    return provider_for("github").read(claims, issuer_of("github"))


def publisher(
    *,
    repository: str = "ferris-labs/tidepool",
    repository_id: str | None = REPOSITORY_ID,
    owner_id: str | None = OWNER_ID,
    conditions: tuple[Condition, ...] = RULE,
    enabled: bool = True,
    key: object = "publisher",
) -> PublisherView:
    return PublisherView(
        key=key,
        repository=repository,
        repository_id=repository_id,
        owner_id=owner_id,
        conditions=conditions,
        enabled=enabled,
    )


UNPINNED = publisher(repository_id=None, owner_id=None)


def test_a_pinned_publisher_matches_by_its_ids() -> None:
    result = match(job(), [publisher()])

    assert result.full == [Match(publisher())]
    assert result.refusal_code is None


def test_an_unpinned_publisher_matches_by_name_and_asks_to_be_pinned() -> None:
    [found] = match(job(), [UNPINNED]).full

    assert (found.pins, found.renamed) == (True, False)


@pytest.mark.parametrize("ids", [(REPOSITORY_ID, None), (None, OWNER_ID)])
def test_a_half_pinned_publisher_asks_for_the_other_id(ids: tuple[str | None, str | None]) -> None:
    [found] = match(job(), [publisher(repository_id=ids[0], owner_id=ids[1])]).full

    assert found.pins


def test_a_rename_is_accepted_and_reported() -> None:
    [found] = match(job("renamed"), [publisher()]).full

    assert (found.renamed, found.pins) == (True, False)


def test_the_case_of_a_name_is_no_rename() -> None:
    [found] = match(job(), [publisher(repository="Ferris-Labs/TidePool")]).full

    assert not found.renamed


@pytest.mark.parametrize(
    ("variant", "publishers", "changed_field"),
    [
        ("recreated", publisher(), "repository_id"),
        ("owner_reregistered", publisher(), "repository_id"),
        ("transferred", publisher(), "owner_id"),
        ("owner_reregistered", publisher(repository_id=None), "owner_id"),
    ],
)
def test_a_changed_identity_is_never_granted(
    variant: str, publishers: PublisherView, changed_field: str
) -> None:
    result = match(job(variant), [publishers])

    assert (result.full, result.near) == ([], [])
    assert result.refusal_code is ExchangeCode.IDENTITY_CHANGED
    [changed] = result.identity_changed
    assert changed_field in [difference.field for difference in changed.differences]


@pytest.mark.parametrize("variant", ["fork", "stranger_calls_our_workflow"])
@pytest.mark.parametrize("known", [publisher(), UNPINNED])
def test_a_stranger_learns_nothing(variant: str, known: PublisherView) -> None:
    result = match(job(variant), [known])

    assert (result.full, result.near, result.identity_changed, result.suspended) == ([],) * 4
    assert result.refusal_code is ExchangeCode.NO_PUBLISHER


def test_a_renamed_repository_does_not_match_an_unpinned_publisher() -> None:
    assert match(job("renamed"), [UNPINNED]).refusal_code is ExchangeCode.NO_PUBLISHER


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"environment": None}, Difference("environment", "release", "")),
        ({"environment": ""}, Difference("environment", "release", "")),
        ({"environment": "staging"}, Difference("environment", "release", "staging")),
        (
            {
                "workflow_ref": (
                    "ferris-labs/tidepool/.github/workflows/Release.yml@refs/tags/v1.4.0"
                ),
            },
            Difference("workflow", "release.yml", "Release.yml"),
        ),
    ],
)
@pytest.mark.parametrize("known", [publisher(), UNPINNED])
def test_a_near_miss_says_what_was_expected(
    changes: dict[str, object], difference: Difference, known: PublisherView
) -> None:
    result = match(job(**changes), [known])

    assert result.full == []
    assert result.near[0].differences == (difference,)
    assert result.refusal_code is ExchangeCode.PUBLISHER_MISMATCH


def test_a_publisher_without_environment_accepts_any_and_says_so() -> None:
    open_to_all = publisher(conditions=(WORKFLOW,))

    assert match(job(), [open_to_all]).full[0].environment_ignored
    assert not match(job("environment_absent"), [open_to_all]).full[0].environment_ignored


def test_a_publisher_can_ask_for_no_environment() -> None:
    nowhere = publisher(conditions=(Condition("environment", ConditionKind.EXACT, ""),))

    assert match(job("environment_absent"), [nowhere]).full
    assert match(job(), [nowhere]).near


def test_a_reusable_workflow_of_the_same_repository_is_fine() -> None:
    assert match(job("reusable_same_repository"), [publisher()]).full


def test_a_reusable_workflow_of_another_repository_is_not() -> None:
    result = match(job("reusable_other_repository"), [publisher()])

    assert result.full == []
    assert [difference.field for difference in result.near[0].differences] == ["called_workflow"]


def test_a_publisher_can_name_the_reusable_workflow_and_its_commit() -> None:
    named = Condition(
        "called_workflow",
        ConditionKind.PATH,
        "shared-ci/workflows/.github/workflows/publish.yml",
    )
    pinned = Condition("called_workflow_sha", ConditionKind.EXACT, "1" * 40)
    known = [publisher(conditions=(*RULE, named, pinned))]

    assert match(job("reusable_other_repository"), known).full
    assert match(job("reusable_other_repository", job_workflow_sha="2" * 40), known).near
    assert match(job(), known).near


def test_a_suspended_publisher_is_told_apart_from_none() -> None:
    result = match(job(), [publisher(enabled=False)])

    assert (result.full, len(result.suspended)) == ([], 1)
    assert result.refusal_code is ExchangeCode.PUBLISHER_SUSPENDED


def test_a_condition_that_nobody_can_check_grants_nothing() -> None:
    unknown = Condition("moon_phase", ConditionKind.EXACT, "")

    assert match(job(), [publisher(conditions=(unknown,))]).full == []


def test_every_publisher_that_matches_is_granted() -> None:
    known = [publisher(key=1), UNPINNED, publisher(key=3, conditions=(WORKFLOW,))]

    assert len(match(job(), known).full) == 3


PUBLISHERS = st.builds(
    publisher,
    repository=st.sampled_from(["ferris-labs/tidepool", "Ferris-Labs/Tidepool", "x/y"]),
    repository_id=st.sampled_from([None, REPOSITORY_ID, "1"]),
    owner_id=st.sampled_from([None, OWNER_ID, "2"]),
    conditions=st.sampled_from([RULE, (WORKFLOW,), (ENVIRONMENT,), ()]),
    enabled=st.booleans(),
    key=st.integers(),
)
ALTERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "repository": st.just("stranger/tidepool"),
        "repository_id": st.just("555"),
        "owner_id": st.just("556"),
        "workflow": st.sampled_from(["other.yml", "Release.yml", ""]),
        "environment": st.sampled_from([None, "staging"]),
        "called_workflow": st.just("shared-ci/workflows/.github/workflows/x.yml"),
    },
)


@given(st.lists(PUBLISHERS, max_size=4), PUBLISHERS)
def test_adding_a_publisher_never_takes_a_grant_away(
    known: list[PublisherView], added: PublisherView
) -> None:
    before = match(job(), known).full
    after = match(job(), [added, *known]).full

    assert [found for found in after if found in before] == before or added in known
    assert len(after) >= len(before)


@given(PUBLISHERS, ALTERATIONS)
def test_altering_a_matched_claim_never_turns_a_refusal_into_a_grant(
    known: PublisherView, alterations: dict[str, str | None]
) -> None:
    theirs = known.repository == "x/y" or known.repository_id == "1" or known.owner_id == "2"
    altered = replace(job(), **alterations)  # type: ignore[arg-type]

    if not match(job(), [known]).full and not theirs:
        assert not match(altered, [known]).full
    if match(altered, [known]).full and known.repository_id:
        assert altered.repository_id == known.repository_id
    if match(altered, [known]).full and known.owner_id:
        assert altered.owner_id == known.owner_id


@given(ALTERATIONS.filter(lambda changes: set(changes) - {"repository"}))
def test_altering_anything_but_the_name_loses_the_grant(
    alterations: dict[str, str | None],
) -> None:
    altered = replace(job(), **alterations)  # type: ignore[arg-type]

    assert match(altered, [publisher()]).full == []


def test_a_stopped_publisher_of_this_repository_outweighs_a_strangers_old_rule() -> None:
    stopped = publisher(enabled=False, key="stopped")
    elsewhere = publisher(repository_id="1", key="re-created")

    result = match(job(), [elsewhere, stopped])

    assert [miss.publisher.key for miss in result.identity_changed] == ["re-created"]
    assert result.refusal_code is ExchangeCode.PUBLISHER_SUSPENDED


def test_an_unpinned_rule_of_the_name_does_not_hide_that_the_identity_changed() -> None:
    near = replace(UNPINNED, conditions=(Condition("workflow", ConditionKind.PATH, "x.yml"),))

    for other in (near, replace(UNPINNED, enabled=False)):
        result = match(job(), [publisher(repository_id="1"), other])
        assert result.refusal_code is ExchangeCode.IDENTITY_CHANGED


def test_what_changed_of_an_identity_is_named_and_nothing_else() -> None:
    result = match(job(), [publisher(repository_id="1", owner_id=None)])

    [miss] = result.identity_changed
    assert miss.differences == (Difference("repository_id", "1", REPOSITORY_ID),)


def test_an_environment_is_ignored_only_where_there_is_one_that_nobody_asks_for() -> None:
    quiet = publisher(conditions=(WORKFLOW,))

    assert match(job(), [quiet]).full[0].environment_ignored
    assert not match(job(), [publisher()]).full[0].environment_ignored
    without = replace(job(), environment=None)
    assert not match(without, [quiet]).full[0].environment_ignored


def test_a_called_workflow_of_another_repository_must_be_asked_for() -> None:
    away = replace(job(), called_workflow="evil/tidepool/.github/workflows/release.yml")
    asked = Condition("called_workflow", ConditionKind.PATH, str(away.called_workflow))

    [miss] = match(away, [publisher()]).near
    assert [found.field for found in miss.differences] == ["called_workflow"]
    assert match(away, [publisher(conditions=(*RULE, asked))]).full
    # Asked for, and another one came; the rule that it must be at home is not said twice.
    [miss] = match(job(), [publisher(conditions=(*RULE, asked))]).near
    assert [found.field for found in miss.differences] == ["called_workflow"]
    assert match(replace(job(), called_workflow=None), [publisher()]).full
    # A home is a whole name.
    twin = replace(job(), called_workflow="ferris-labs/tidepool-evil/.github/workflows/r.yml")
    assert match(twin, [publisher()]).near


def test_an_event_that_goes_without_saying() -> None:
    usual = replace(publisher(), default_events=frozenset({"push", "release"}))
    asks = Condition("event", ConditionKind.ONE_OF, ("merge_group",))
    named = replace(usual, conditions=(*RULE, asks))

    assert match(job(), [usual]).full
    result = match(replace(job(), event="merge_group"), [usual])
    assert result.near[0].differences == (Difference("event", "push or release", "merge_group"),)
    assert result.refusal_code is ExchangeCode.EVENT_NOT_ALLOWED
    # A rule that names events is asked about those alone.
    assert match(replace(job(), event="merge_group"), [named]).full
    assert not match(job(), [named]).full
    # Whoever differs in more is told of all of it.
    other = match(replace(job(), event="merge_group", environment="x"), [usual])
    assert other.refusal_code is ExchangeCode.PUBLISHER_MISMATCH


def test_who_started_the_job_is_known_to_the_caller_alone() -> None:
    asks = Condition("actor", ConditionKind.EXACT, "owner")
    asked = publisher(conditions=(*RULE, asks))

    assert match(job(), [replace(asked, actor_is_owner=True)]).full
    [miss] = match(job(), [asked]).near
    assert [found.field for found in miss.differences] == ["actor"]
    # Where nobody asks, it does not count.
    assert match(job(), [publisher()]).full


def test_a_pinned_near_miss_outweighs_a_strangers_old_rule() -> None:
    near = publisher(conditions=(Condition("workflow", ConditionKind.PATH, "x.yml"),))

    result = match(job(), [publisher(repository_id="1"), near])

    assert result.refusal_code is ExchangeCode.PUBLISHER_MISMATCH
