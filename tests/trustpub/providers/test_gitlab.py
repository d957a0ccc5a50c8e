import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.signer import Signer
from tests.factories.id_tokens import issuer_of, variants_of, verified
from trustpub.codes import ExchangeCode
from trustpub.jwt import TokenRefused
from trustpub.providers.base import InvalidField
from trustpub.providers.gitlab import GitLab
from trustpub.providers.reading import for_reading
from trustpub.workload import Workload, WorkloadLinks

GITLAB = GitLab()
HOME = "gitlab.com/ferris-labs/libs/tidepool//"
TAG = "refs/tags/v1.4.0"
SHA = "8c1de4a3f0b94d0f6a7f3f4b4d8e9a2c5b7d6e10"
FIELDS = {
    "namespace": "ferris-labs/libs",
    "project": "tidepool",
    "workflow_filepath": ".gitlab-ci.yml",
    "environment": "release",
}


def read(variant: str | None = None, **changes: object) -> Workload:
    return GITLAB.read(verified("gitlab", variant, **changes), issuer_of("gitlab"))


def refusal(variant: str | None = None, **changes: object) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        read(variant, **changes)
    return caught.value


def test_it_reads_who_ran_and_from_what() -> None:
    assert read() == Workload(
        provider="gitlab",
        repository="ferris-labs/libs/tidepool",
        repository_id="20488",
        owner_id="7718",
        workflow=".gitlab-ci.yml",
        workflow_ref=f"{HOME}.gitlab-ci.yml@{TAG}",
        workflow_sha=SHA,
        ref=TAG,
        ref_type="tag",
        ref_protected=True,
        sha=SHA,
        event="push",
        environment="release",
        run_id="1574571825",
        job_id="8830124417",
        runner_environment="gitlab-hosted",
        visibility="public",
    )
    assert read().owner == "ferris-labs/libs"


@pytest.mark.parametrize("variant", variants_of("gitlab"))
def test_it_keeps_no_person_and_survives_storage(variant: str) -> None:
    workload = read(variant)

    assert "mira" not in str(workload.as_dict())
    assert "4402" not in str(workload.as_dict())
    assert Workload.from_dict(workload.as_dict()) == workload


def test_it_reads_a_pipeline_of_a_bare_commit() -> None:
    assert read("empty_ref").workflow == ".gitlab-ci.yml"
    assert refusal("empty_ref", sha="").code is ExchangeCode.MISSING_CLAIM


def test_a_pipeline_file_may_live_in_a_folder() -> None:
    assert read("nested_file").workflow == "ci/release@2/publish.yaml"


@given(
    st.from_regex(r"[a-z@.]{1,6}(/[a-z@.]{1,6}){0,2}\.ya?ml", fullmatch=True),
    st.from_regex(r"refs/(heads|tags)/[a-z@./]{1,20}", fullmatch=True),
)
def test_it_never_reads_another_file_than_the_reference_was_built_from(file: str, ref: str) -> None:
    workload = read(ref_path=ref, ci_config_ref_uri=f"{HOME}{file}@{ref}")

    assert workload.workflow == file


@pytest.mark.parametrize(
    "uri",
    [
        f"{HOME}.gitlab-ci.yml",
        f"{HOME}.gitlab-ci.yml@refs/heads/main",
        f"{HOME}.yml@{TAG}",
        f"{HOME}/.gitlab-ci.yml@{TAG}",
        f"{HOME}.gitlab-ci.txt@{TAG}",
        f"gitlab.com/ferris-labs/libs/other//.gitlab-ci.yml@{TAG}",
        f"gitlab.com/evil/ferris-labs/libs/tidepool//.gitlab-ci.yml@{TAG}",
        f"git.example/ferris-labs/libs/tidepool//.gitlab-ci.yml@{TAG}",
        f"ferris-labs/libs/tidepool//.gitlab-ci.yml@{TAG}",
        f"gitlab.com/ferris-labs/libs/tidepool/.gitlab-ci.yml@{TAG}",
        f"https://gitlab.com/ferris-labs/libs/tidepool//.gitlab-ci.yml@{TAG}",
    ],
)
def test_it_refuses_a_reference_to_anything_else(uri: str) -> None:
    assert refusal(ci_config_ref_uri=uri).code is ExchangeCode.UNEXPECTED_CLAIM


@pytest.mark.parametrize("host", ["git.example:8443", "git.example:8443/gitlab"])
def test_the_web_address_may_differ_from_the_issuer(host: str) -> None:
    claims = verified(
        "gitlab", ci_config_ref_uri=f"{host}/ferris-labs/libs/tidepool//.gitlab-ci.yml@{TAG}"
    )

    workload = GITLAB.read(
        claims, "https://issuer.example", web_base="https://git.example:8443/gitlab/"
    )

    assert workload.workflow == ".gitlab-ci.yml"


@pytest.mark.parametrize(
    "changes",
    [
        {"project_path": "tidepool"},
        {"project_path": "ferris-labs//tidepool"},
        {"project_path": "ferris-labs/../tidepool"},
        {"namespace_path": "ferris-labs"},
        {"namespace_path": "stranger/libs"},
        {"project_id": "x"},
        {"ref_protected": "maybe"},
    ],
)
def test_it_refuses_claims_that_contradict_one_another(changes: dict[str, object]) -> None:
    assert refusal(**changes).code is ExchangeCode.UNEXPECTED_CLAIM


def test_a_forks_pipeline_in_our_project_is_refused() -> None:
    refused = refusal(
        project_path="stranger/tidepool",
        namespace_path="stranger",
        namespace_id="556",
        project_id="555",
        ci_config_ref_uri=f"gitlab.com/stranger/tidepool//.gitlab-ci.yml@{TAG}",
    )

    assert refused.code is ExchangeCode.UNEXPECTED_CLAIM
    assert "job_project_id" in refused.message


@pytest.mark.parametrize("value", [20488, "20488"])
def test_ids_are_compared_as_text(value: object) -> None:
    assert read(project_id=value).repository_id == "20488"


@pytest.mark.parametrize("source", ["push", "web", "schedule"])
def test_maintainers_pipelines_may_publish(source: str) -> None:
    assert read(pipeline_source=source).event == source


@pytest.mark.parametrize(
    "source",
    [
        "merge_request_event",
        "external_pull_request_event",
        "chat",
        "external",
        "ondemand_dast_scan",
        "ondemand_dast_validation",
        "security_orchestration_policy",
        "webide",
        "container_registry_push",
        "Push",
    ],
)
def test_every_other_pipeline_may_not(source: str) -> None:
    refused = refusal(pipeline_source=source)

    assert refused.code is ExchangeCode.EVENT_NOT_ALLOWED
    assert source in refused.message


def test_an_unprotected_ref_is_an_advisory() -> None:
    assert read("branch").advisories == ("ref_not_protected",)
    assert read(runner_environment="self-hosted").advisories == ("self_hosted_runner",)


def test_the_issuer_is_matched_byte_for_byte() -> None:
    assert GITLAB.issuer_matches("https://gitlab.com", "https://gitlab.com")
    assert not GITLAB.issuer_matches("https://gitlab.com/x", "https://gitlab.com")


def test_links_lead_to_the_rows_web_address() -> None:
    base = "https://git.example/gitlab/ferris-labs/libs/tidepool"

    assert GITLAB.links(read(), "https://git.example/gitlab/") == WorkloadLinks(
        repository=base,
        commit=f"{base}/-/commit/{SHA}",
        tree=f"{base}/-/tree/{SHA}",
        workflow=f"{base}/-/blob/{SHA}/.gitlab-ci.yml",
        run=f"{base}/-/jobs/8830124417",
    )


def test_a_certificate_names_the_pipeline_file_and_the_job() -> None:
    assert GITLAB.signer(read(), "https://gitlab.com", "https://gitlab.com/") == Signer(
        issuer="https://gitlab.com",
        source_repository_id="20488",
        source_owner_id="7718",
        build_config=f"https://{HOME}.gitlab-ci.yml@{TAG}",
        run="https://gitlab.com/ferris-labs/libs/tidepool/-/jobs/8830124417",
    )


def test_clients_of_crates_io_find_their_object() -> None:
    assert GITLAB.trustpub_data(read()) == {
        "provider": "gitlab",
        "project_path": "ferris-labs/libs/tidepool",
        "job_id": "8830124417",
        "sha": SHA,
    }


def test_fields_are_completed_but_not_changed() -> None:
    fields = GITLAB.normalise(FIELDS)

    assert fields == {**FIELDS, "project_id": None, "namespace_id": None}
    assert GITLAB.repository_of(fields) == "ferris-labs/libs/tidepool"
    assert GITLAB.named_fields(fields, "a/b/c") == {**fields, "namespace": "a/b", "project": "c"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("namespace", ""),
        ("namespace", "/ferris"),
        ("namespace", "ferris/"),
        ("namespace", "ferris//labs"),
        ("namespace", "ferris.git"),
        ("namespace", "ferris-"),
        ("namespace", "ferris-/labs"),
        ("namespace", "ferris/-labs"),
        ("namespace", "ferris.git/labs"),
        ("namespace", "ferris--labs"),
        ("project", "tide_-pool"),
        ("namespace", "\u212a"),
        ("project", "a/b"),
        ("project", "tidepool.atom"),
        ("project", None),
        ("workflow_filepath", "/.gitlab-ci.yml"),
        ("workflow_filepath", ".gitlab-ci.yml/"),
        ("workflow_filepath", "ci/.yml"),
        ("workflow_filepath", "ci.json"),
        ("environment", ""),
        ("environment", "release:eu"),
        ("environment", " release"),
        ("environment", "release "),
        ("environment", "é"),
        ("project_id", "١"),
        ("namespace_id", "x"),
    ],
)
def test_a_bad_field_is_named(field: str, value: str | None) -> None:
    with pytest.raises(InvalidField) as caught:
        GITLAB.normalise({**FIELDS, field: value})

    assert caught.value.field == field


@pytest.mark.parametrize(
    "pasted",
    [
        "ferris-labs/libs/tidepool",
        "https://gitlab.com/ferris-labs/libs/tidepool.git",
        "https://git.example/ferris-labs/libs/tidepool/-/tree/main",
        "git@git.example:ferris-labs/libs/tidepool.git",
    ],
)
def test_a_form_understands_what_people_paste(pasted: str) -> None:
    typed = {
        **FIELDS,
        "namespace": None,
        "project": pasted,
        "workflow_filepath": "./.gitlab-ci.yml",
    }

    assert GITLAB.normalise(GITLAB.tidy(typed)) == GITLAB.normalise(FIELDS)


def test_a_group_with_a_dot_is_no_host() -> None:
    tidied = GITLAB.tidy({**FIELDS, "namespace": None, "project": "ferris.labs/libs/tidepool"})

    assert (tidied["namespace"], tidied["project"]) == ("ferris.labs/libs", "tidepool")


def test_the_example_pipeline_is_yaml_with_our_address() -> None:
    text = GITLAB.example_workflow(
        "tidepool",
        GITLAB.normalise(FIELDS),
        registry_url="https://reg.example/cargo",
        audience="reg.example/cargo",
    )
    job = yaml.safe_load(text)["publish"]

    assert job["environment"] == "release"
    assert job["id_tokens"]["REGISTRY_ID_TOKEN"]["aud"] == "reg.example/cargo"
    assert "tokens=https://reg.example/cargo/api/v1/trusted_publishing/tokens" in job["script"][-1]
    assert "cargo publish --registry waybill --package tidepool" in job["script"][1]


def test_a_job_on_a_merge_request_may_read_and_not_publish() -> None:
    reading = for_reading(GITLAB)
    review = verified("gitlab", pipeline_source="merge_request_event")
    by_token = verified("gitlab", pipeline_source="api")

    assert reading.read(review, "https://gitlab.com").event == "merge_request_event"
    with pytest.raises(TokenRefused):
        GITLAB.read(review, "https://gitlab.com")
    # What a publisher may allow beyond the usual is for publishing alone.
    assert GITLAB.read(by_token, "https://gitlab.com").event == "api"
    with pytest.raises(TokenRefused):
        reading.read(by_token, "https://gitlab.com")
