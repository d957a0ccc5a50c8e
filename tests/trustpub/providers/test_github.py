from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.signer import Signer
from tests.factories.id_tokens import variants_of, verified
from trustpub.codes import ExchangeCode
from trustpub.jwt import TokenRefused
from trustpub.providers.base import InvalidField
from trustpub.providers.github import GITHUB_ISSUER, GitHub
from trustpub.workload import Workload, WorkloadLinks

GITHUB = GitHub()
FOLDER = "ferris-labs/tidepool/.github/workflows/"
TAG = "refs/tags/v1.4.0"
FIELDS = {
    "repository_owner": "ferris-labs",
    "repository_name": "tidepool",
    "workflow_filename": "release.yml",
    "environment": "release",
}


def read(variant: str | None = None, **changes: object) -> Workload:
    claims = verified("github", variant, **changes)
    return GITHUB.read(claims, str(claims.get("iss") or GITHUB_ISSUER))


def refusal(variant: str | None = None, **changes: object) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        read(variant, **changes)
    return caught.value


def test_it_reads_who_ran_and_from_what() -> None:
    assert read() == Workload(
        provider="github",
        repository="ferris-labs/tidepool",
        repository_id="702113958",
        owner_id="9176411",
        workflow="release.yml",
        workflow_ref=f"{FOLDER}release.yml@{TAG}",
        workflow_sha="8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10",
        ref=TAG,
        ref_type="tag",
        ref_protected=True,
        sha="8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10",
        event="push",
        environment="release",
        run_id="17533210044",
        run_attempt="1",
        run_number="212",
        job_id="49788112233",
        runner_environment="github-hosted",
        visibility="public",
    )


@pytest.mark.parametrize("variant", variants_of("github"))
def test_it_keeps_no_person_and_survives_storage(variant: str) -> None:
    workload = read(variant)

    assert "mira" not in str(workload.as_dict())
    assert "5501234" not in str(workload.as_dict())
    assert Workload.from_dict(workload.as_dict()) == workload


def test_a_stored_workload_of_a_later_version_is_read() -> None:
    assert Workload.from_dict({**read().as_dict(), "moon_phase": "full"}) == read()


@pytest.mark.parametrize("variant", ["environment_absent", "environment_empty"])
def test_an_empty_environment_is_none(variant: str) -> None:
    assert read(variant).environment is None


def test_it_reads_a_run_of_a_bare_commit() -> None:
    workload = read("empty_ref")

    assert (workload.ref, workload.workflow) == (None, "release.yml")


def test_it_needs_a_ref_or_a_commit() -> None:
    assert refusal(ref="", sha=None).code is ExchangeCode.MISSING_CLAIM


def test_ids_may_be_numbers() -> None:
    assert read(repository_id=702113958).repository_id == "702113958"


@pytest.mark.parametrize("value", [True, 1.5, "12a", "١٢", [1], {}, "1" * 33, 10**40, "-5"])
def test_ids_must_be_decimal(value: object) -> None:
    assert refusal(repository_id=value).code is ExchangeCode.UNEXPECTED_CLAIM


@pytest.mark.parametrize("value", [7, True, ["x"], "x" * 1025, "re\nlease", "\x00"])
def test_texts_must_be_plain_texts(value: object) -> None:
    assert refusal(environment=value).code is ExchangeCode.UNEXPECTED_CLAIM


@pytest.mark.parametrize(
    "repository",
    [
        "tidepool",
        "a/b/c",
        "/tidepool",
        "ferris-labs/",
        "a/..",
        "ferris labs/x",
        "ſ/x",
        "a/" + "b" * 510,
    ],
)
def test_the_repository_is_owner_and_name(repository: str) -> None:
    assert refusal(repository=repository).code is ExchangeCode.UNEXPECTED_CLAIM


def test_the_owner_must_be_that_of_the_repository() -> None:
    assert refusal(repository_owner="stranger").code is ExchangeCode.UNEXPECTED_CLAIM
    assert read(repository_owner="Ferris-Labs")


@pytest.mark.parametrize(
    ("file", "ref"),
    [
        ("release.yaml", TAG),
        ("nested@evil.yml", TAG),
        ("release.yml", "refs/heads/bad@branch.yml"),
        ("a@b.yml", "refs/heads/c@d.yml"),
        ("release.yml", "refs/heads/x.yml@refs/heads/main"),
        ("release.yml@main.yml", "refs/heads/main"),
    ],
)
def test_at_signs_in_file_and_ref_do_not_confuse_it(file: str, ref: str) -> None:
    workload = read(ref=ref, workflow_ref=f"{FOLDER}{file}@{ref}")

    assert workload.workflow == file


@given(
    st.from_regex(r"[a-z@.]{1,12}\.ya?ml", fullmatch=True),
    st.from_regex(r"refs/(heads|tags)/[a-z@./]{1,20}", fullmatch=True),
)
def test_it_never_reads_another_file_than_the_reference_was_built_from(file: str, ref: str) -> None:
    workload = read(ref=ref, workflow_ref=f"{FOLDER}{file}@{ref}")

    assert workload.workflow == file


@pytest.mark.parametrize(
    "reference",
    [
        f"{FOLDER}release.yml",
        f"{FOLDER}release.yml@",
        f"{FOLDER}release.yml@refs/heads/main",
        f"{FOLDER}release.yml@{TAG}x",
        f"{FOLDER}release.yml{TAG}",
        f"{FOLDER}.yml@{TAG}",
        f"{FOLDER}.yaml@{TAG}",
        f"{FOLDER}@{TAG}",
        f"{FOLDER}release.YML@{TAG}",
        f"{FOLDER}release.txt@{TAG}",
        f"{FOLDER}deeper/release.yml@{TAG}",
        f"{FOLDER}release.yml@refs/heads/main.yml@{TAG}",
        f"{FOLDER}../release.yml@{TAG}",
        f"ferris-labs/tidepool/release.yml@{TAG}",
        f"ferris-labs/other/.github/workflows/release.yml@{TAG}",
        f"ferris-labs/tidepool2/.github/workflows/release.yml@{TAG}",
        f"stranger/ferris-labs/tidepool/.github/workflows/release.yml@{TAG}",
    ],
)
def test_it_refuses_a_reference_to_anything_else(reference: str) -> None:
    assert refusal(workflow_ref=reference).code is ExchangeCode.UNEXPECTED_CLAIM


def test_a_job_defined_by_the_caller_has_no_called_workflow() -> None:
    assert (read().called_workflow, read().called_workflow_sha) == (None, None)


@pytest.mark.parametrize(
    ("variant", "called", "sha"),
    [
        ("reusable_same_repository", f"{FOLDER}publish.yml", "8c1de4a3"),
        ("reusable_same_repository_other_ref", f"{FOLDER}publish.yml", "0000"),
        (
            "reusable_other_repository",
            "shared-ci/workflows/.github/workflows/publish.yml",
            "1111",
        ),
    ],
)
def test_it_reads_the_called_workflow(variant: str, called: str, sha: str) -> None:
    workload = read(variant)

    assert workload.workflow == "release.yml"
    assert workload.called_workflow == called
    assert str(workload.called_workflow_sha).startswith(sha)


@pytest.mark.parametrize(
    "reference",
    [
        "shared/ci/.github/workflows/a.yml@x.yml@refs/heads/main",
        "shared/ci/.github/workflows/a.yml",
        "shared/ci/.github/workflows/.yml@v1",
        "shared/ci/.github/workflows/sub/a.yml@v1",
        "shared/.github/workflows/a.yml@v1",
        "shared/ci/a.yml@v1",
    ],
)
def test_it_refuses_a_called_workflow_that_can_be_misread(reference: str) -> None:
    assert refusal(job_workflow_ref=reference).code is ExchangeCode.UNEXPECTED_CLAIM


@pytest.mark.parametrize(
    "event", ["push", "release", "workflow_dispatch", "create", "deployment", "schedule"]
)
def test_maintainers_events_may_publish(event: str) -> None:
    assert read(event_name=event).event == event


@pytest.mark.parametrize(
    "event",
    [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "delete",
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "image_version",
        "issue_comment",
        "issues",
        "label",
        "milestone",
        "page_build",
        "public",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_target",
        "registry_package",
        "status",
        "watch",
        "workflow_call",
        "workflow_run",
        "Push",
        "push_",
        "tomorrows_event",
    ],
)
def test_every_other_event_may_not(event: str) -> None:
    refused = refusal(event_name=event)

    assert refused.code is ExchangeCode.EVENT_NOT_ALLOWED
    assert event in refused.message
    assert "workflow_dispatch" in refused.message


def test_a_self_hosted_runner_is_an_advisory() -> None:
    assert read(runner_environment="self-hosted").advisories == ("self_hosted_runner",)


@pytest.mark.parametrize(
    ("issuer", "belongs"),
    [
        (GITHUB_ISSUER, True),
        (f"{GITHUB_ISSUER}/ferris-inc", True),
        (f"{GITHUB_ISSUER}/{'x' * 64}", True),
        (f"{GITHUB_ISSUER}/{'x' * 65}", False),
        (f"{GITHUB_ISSUER}/", False),
        (f"{GITHUB_ISSUER}/a/b", False),
        (f"{GITHUB_ISSUER}/ferris_inc", False),
        (f"{GITHUB_ISSUER}/ferris-inc\n", False),
        (f"{GITHUB_ISSUER}.evil.example/x", False),
        (f"{GITHUB_ISSUER}?x", False),
        ("https://TOKEN.actions.githubusercontent.com", False),
        ("http://token.actions.githubusercontent.com/x", False),
    ],
)
def test_only_github_itself_has_enterprise_issuers(issuer: str, belongs: bool) -> None:
    assert GITHUB.issuer_matches(issuer, GITHUB_ISSUER) is belongs


def test_an_enterprise_server_has_one_issuer() -> None:
    own = "https://git.example/_services/token"

    assert GITHUB.issuer_matches(own, own)
    assert not GITHUB.issuer_matches(f"{own}/ferris-inc", own)


def test_a_certificate_names_the_callers_workflow_and_the_run() -> None:
    home = "https://github.com/ferris-labs/tidepool"

    assert GITHUB.signer(read(), GITHUB_ISSUER, "https://github.com") == Signer(
        issuer=GITHUB_ISSUER,
        source_repository_id="702113958",
        source_owner_id="9176411",
        build_config=f"{home}/.github/workflows/release.yml@refs/tags/v1.4.0",
        run=f"{home}/actions/runs/17533210044/attempts/1",
    )
    enterprise = GITHUB.signer(read("enterprise_slug"), GITHUB_ISSUER, "https://github.com")
    assert enterprise.issuer == f"{GITHUB_ISSUER}/ferris-inc"


def test_the_enterprise_is_that_of_the_issuer_not_of_the_claim() -> None:
    assert read("enterprise_slug").enterprise == "ferris-inc"
    assert read().enterprise is None


def test_links_lead_to_the_rows_web_address() -> None:
    base = "https://git.example/"
    sha = "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10"

    assert GITHUB.links(read(), base) == WorkloadLinks(
        repository="https://git.example/ferris-labs/tidepool",
        commit=f"https://git.example/ferris-labs/tidepool/commit/{sha}",
        tree=f"https://git.example/ferris-labs/tidepool/tree/{sha}",
        workflow=f"https://git.example/{FOLDER}release.yml".replace(
            "/.github", f"/blob/{sha}/.github"
        ),
        run="https://git.example/ferris-labs/tidepool/actions/runs/17533210044/attempts/1",
    )


def test_a_called_workflow_has_a_link_of_its_own() -> None:
    links = GITHUB.links(read("reusable_other_repository"), "https://git.example")

    assert links.called_workflow == (
        f"https://git.example/shared-ci/workflows/blob/{'1' * 40}/.github/workflows/publish.yml"
    )


def test_links_quote_what_claims_say() -> None:
    hostile = replace(read(), sha='x"><script>?#', workflow_sha="..")

    links = GITHUB.links(hostile, "https://git.example")

    assert links.commit == (
        "https://git.example/ferris-labs/tidepool/commit/x%22%3E%3Cscript%3E%3F%23"
    )
    assert links.workflow is None


def test_clients_of_crates_io_find_their_object() -> None:
    assert GITHUB.trustpub_data(read()) == {
        "provider": "github",
        "repository": "ferris-labs/tidepool",
        "run_id": "17533210044",
        "sha": "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10",
    }


def test_fields_are_completed_but_not_changed() -> None:
    fields = GITHUB.normalise({**FIELDS, "environment": None})

    assert fields == {
        **FIELDS,
        "environment": None,
        "repository_id": None,
        "repository_owner_id": None,
    }
    assert GITHUB.repository_of(fields) == "ferris-labs/tidepool"
    assert GITHUB.named_fields(fields, "new/name")["repository_name"] == "name"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("repository_owner", None),
        ("repository_owner", ""),
        ("repository_owner", "-ferris"),
        ("repository_owner", "ferris/labs"),
        ("repository_owner", "ferris\n"),
        ("repository_owner", "ſerris"),
        ("repository_owner", "x" * 40),
        ("repository_owner", "ferris--labs"),
        ("repository_owner", "ferris-"),
        ("repository_name", "x" * 101),
        ("repository_name", ""),
        ("repository_name", ".."),
        ("repository_name", "tide pool"),
        ("workflow_filename", "release"),
        ("workflow_filename", ".yml"),
        ("workflow_filename", "release.YML"),
        ("workflow_filename", ".github/workflows/release.yml"),
        ("environment", ""),
        ("environment", " release"),
        ("environment", "re`lease"),
        ("environment", "re\x7flease"),
        ("environment", "a,b"),
        ("repository_id", "x"),
        ("repository_id", ""),
        ("repository_owner_id", "-1"),
        ("moon_phase", "full"),
    ],
)
def test_a_bad_field_is_named(field: str, value: str | None) -> None:
    with pytest.raises(InvalidField) as caught:
        GITHUB.normalise({**FIELDS, field: value})

    assert caught.value.field == field
    assert len(caught.value.message) > 15


@pytest.mark.parametrize(
    "pasted",
    [
        "ferris-labs/tidepool",
        "https://github.com/ferris-labs/tidepool",
        "https://github.com/ferris-labs/tidepool.git",
        "https://github.com/ferris-labs/tidepool/tree/main/src",
        "git@github.com:ferris-labs/tidepool.git",
        "ssh://git@github.com/ferris-labs/tidepool/",
    ],
)
def test_a_form_understands_what_people_paste(pasted: str) -> None:
    typed = {
        "repository_owner": "",
        "repository_name": f" {pasted} ",
        "workflow_filename": ".github/workflows/release.yml",
        "environment": " release ",
    }

    assert GITHUB.normalise(GITHUB.tidy(typed)) == GITHUB.normalise(FIELDS)


def test_the_example_workflow_is_yaml_with_our_address() -> None:
    text = GITHUB.example_workflow(
        "tidepool",
        GITHUB.normalise(FIELDS),
        registry_url="https://reg.example/cargo",
        audience="reg.example/cargo",
    )
    job = yaml.safe_load(text)["jobs"]["publish"]

    assert job["environment"] == "release"
    assert job["permissions"]["id-token"] == "write"
    assert job["steps"][1]["with"]["url"] == "https://reg.example/cargo"
    assert job["env"]["CARGO_REGISTRIES_WAYBILL_INDEX"] == "sparse+https://reg.example/cargo/index/"
    assert "${{ steps.auth.outputs.token }}" in text


def test_the_example_keeps_an_odd_environment_in_its_place() -> None:
    fields = GITHUB.normalise({**FIELDS, "environment": "a: {b} # c"})
    text = GITHUB.example_workflow(
        "tidepool", fields, registry_url="https://reg.example", audience="reg.example"
    )

    assert yaml.safe_load(text)["jobs"]["publish"]["environment"] == "a: {b} # c"


@pytest.mark.parametrize("spelling", ["", "/acme"])
def test_a_tenant_of_ghe_com_signs_under_the_issuer_of_its_tokens(spelling: str) -> None:
    row = "https://token.actions.acme.ghe.com"
    workload = GITHUB.read(verified("github"), row + spelling, web_base="https://acme.ghe.com")

    signer = GITHUB.signer(workload, row, "https://acme.ghe.com")

    assert signer.issuer == row + spelling
    assert signer.build_config.startswith("https://acme.ghe.com/ferris-labs/tidepool/.github/")
    # And is no enterprise of github.com.
    pinned = GITHUB.configured({"enterprise": "acme"})
    assert not pinned.issuer_matches(row + spelling, GITHUB_ISSUER)
