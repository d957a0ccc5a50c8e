"""Publishers of a crate through the endpoints of crates.io (crates-io-api reference, 3.3)."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from registry.models import Crate
from tests.cases import in_turn
from tests.ci import form, let_publish
from tests.factories.registry import make_crate
from tests.wire import refusal, send
from trustpub.models import Issuer, Publisher, PublisherCrate

GITHUB = "/api/v1/trusted_publishing/github_configs"
GITLAB = "/api/v1/trusted_publishing/gitlab_configs"


def create(token: str | None, forge: Issuer, crate: str = "tide", **fields: object) -> Any:
    names = {name: value for name, value in form().items() if not name.endswith("_id")}
    config = {"crate": crate, "issuer": forge.url, **names, **fields}
    return send("POST", GITHUB, token, {"github_config": config})


def scoped(user: User, **limits: list[str]) -> str:
    return create_token(user=user, name="ci", **limits).text  # type: ignore[arg-type]


def test_an_owner_adds_a_publisher(
    tide: Crate, alice_token: str, issuer: Issuer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = create(alice_token, issuer)

    assert answer.status_code == 200
    config = answer.json()["github_config"]
    assert config == {
        "id": PublisherCrate.objects.get().pk,
        "crate": "tide",
        "repository_owner": "ferris-labs",
        "repository_name": "tidepool",
        "workflow_filename": "release.yml",
        "environment": "release",
        "repository_id": None,
        "repository_owner_id": None,
        "issuer": issuer.url,
        "created_at": config["created_at"],
        "state": "active",
    }
    assert AuditEvent.objects.filter(name="publisher.created", crate="tide").exists()
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]]


def test_gitlab_has_fields_of_its_own(tide: Crate, alice_token: str, issuer: Issuer) -> None:
    Issuer.objects.filter(url="https://gitlab.com").update(api_url="")  # not from a test
    config = {
        "crate": "tide",
        "namespace": "ferris-labs/libs",
        "project": "tidepool",
        "workflow_filepath": ".gitlab-ci.yml",
        "environment": None,
    }

    answer = send("POST", GITLAB, alice_token, {"gitlab_config": config})

    assert answer.status_code == 200
    made = answer.json()["gitlab_config"]
    assert (made["issuer"], made["namespace_id"]) == ("https://gitlab.com", None)
    assert send("GET", f"{GITLAB}?crate=tide", alice_token).json()["meta"]["total"] == 1
    assert send("GET", f"{GITHUB}?crate=tide", alice_token).json()["meta"]["total"] == 0
    refusal(send("DELETE", f"{GITHUB}/{made['id']}", alice_token), 404)
    assert send("DELETE", f"{GITLAB}/{made['id']}", alice_token).status_code == 204


@in_turn(
    ("fields", "said"),
    [
        ({"repository_owner": "-x"}, "owner"),
        ({"repository_owner": ""}, "Repository owner"),
        ({"repository_owner": None}, "Repository owner is required"),
        ({"repository_owner": "a/b"}, "owner"),
        ({"repository_owner": "ferriſ"}, "owner"),
        ({"repository_name": ".."}, "name"),
        ({"repository_name": "a b"}, "name"),
        ({"repository_name": "x" * 256}, "too long"),
        ({"workflow_filename": "release.json"}, "must end with"),
        ({"workflow_filename": ".yml"}, "must end with"),
        ({"workflow_filename": "a/release.yml"}, "directories"),
        ({"workflow_filename": "release.YML"}, "must end with"),
        ({"environment": ""}, "may not be empty"),
        ({"environment": " release"}, "whitespace"),
        ({"environment": "a'b"}, "must not contain"),
        ({"environment": "a\nb"}, "control characters"),
        ({"issuer": "https://evil.example"}, "not an issuer that this registry trusts"),
        ({"issuer": ""}, "not an issuer that this registry trusts"),
        ({"issuer": 7}, "not an issuer that this registry trusts"),
        ({"issuer": ["a"]}, "not an issuer that this registry trusts"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    tide: Crate, alice_token: str, issuer: Issuer, fields: dict[str, object], said: str
) -> None:
    error = refusal(create(alice_token, issuer, **fields), 400)

    assert said in error["detail"]
    assert error["code"] == "invalid_publisher"
    assert not Publisher.objects.exists()


def test_ids_are_never_taken_from_a_request(tide: Crate, alice_token: str, issuer: Issuer) -> None:
    create(alice_token, issuer, repository_id="1", repository_owner_id="2")

    assert not Publisher.objects.get().is_pinned


def test_an_issuer_of_another_kind_does_not_fit(
    tide: Crate, alice_token: str, issuer: Issuer
) -> None:
    refusal(create(alice_token, issuer, issuer="https://gitlab.com"), 400)


def test_the_same_twice_is_refused(tide: Crate, alice_token: str, issuer: Issuer) -> None:
    create(alice_token, issuer)

    for fields in ({}, {"repository_owner": "FERRIS-LABS"}, {"environment": "Release"}):
        error = refusal(create(alice_token, issuer, **fields), 409)
        assert error["code"] == "publisher_exists"


def test_the_same_twice_is_refused_after_the_first_job_too(
    grant: PublisherCrate, alice_token: str, issuer: Issuer
) -> None:
    assert refusal(create(alice_token, issuer), 409)["code"] == "publisher_exists"


def test_a_crate_has_at_most_five(
    tide: Crate, alice_token: str, issuer: Issuer, settings: LazySettings
) -> None:
    for number in range(settings.PUBLISHERS_PER_CRATE):
        assert create(alice_token, issuer, workflow_filename=f"r{number}.yml").status_code == 200

    error = refusal(create(alice_token, issuer), 409)

    assert "maximum number of GitHub Actions" in error["detail"]


def test_strangers_add_list_and_remove_nothing(
    grant: PublisherCrate, bob_token: str, issuer: Issuer
) -> None:
    path = f"{GITHUB}/{grant.pk}"
    for answer in (
        create(bob_token, issuer),
        send("GET", f"{GITHUB}?crate=tide", bob_token),
        send("DELETE", path, bob_token),
    ):
        assert refusal(answer, 400)["detail"] == "You are not an owner of this crate"
    for answer in (
        create(None, issuer),
        send("GET", f"{GITHUB}?crate=tide"),
        send("DELETE", path),
    ):
        refusal(answer, 403)
    assert PublisherCrate.objects.count() == 1


def test_an_unverified_owner_adds_nothing(tide: Crate, alice_token: str, issuer: Issuer) -> None:
    EmailAddress.objects.update(verified=False)

    error = refusal(create(alice_token, issuer), 403)

    assert "verify your email address" in error["detail"]


@pytest.mark.parametrize("limits", [{"scopes": ["publish-update"]}, {"patterns": ["other"]}])
def test_a_token_needs_the_scope_and_the_crate(
    grant: PublisherCrate, alice: User, issuer: Issuer, limits: dict[str, list[str]]
) -> None:
    token = scoped(alice, **limits)

    for answer in (
        create(token, issuer),
        send("GET", f"{GITHUB}?crate=tide", token),
        send("DELETE", f"{GITHUB}/{grant.pk}", token),
    ):
        refusal(answer, 403)


def test_an_owner_removes_a_publisher(
    grant: PublisherCrate, alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert send("DELETE", f"{GITHUB}/{grant.pk}", alice_token).status_code == 204

    assert not Publisher.objects.exists()
    assert AuditEvent.objects.filter(name="publisher.deleted", crate="tide").exists()
    assert mail.outbox
    refusal(send("DELETE", f"{GITHUB}/{grant.pk}", alice_token), 404)


def test_a_shared_publisher_stays_for_the_others(
    grant: PublisherCrate, alice: User, alice_token: str, issuer: Issuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    send("DELETE", f"{GITHUB}/{grant.pk}", alice_token)

    assert list(Publisher.objects.get().crates.values_list("name", flat=True)) == ["shore"]


@pytest.mark.parametrize("query", ["", "?", "?crate=tide&user_id=1", "?other=1"])
def test_a_list_is_of_one_crate_or_one_person(alice_token: str, query: str) -> None:
    refusal(send("GET", f"{GITHUB}{query}", alice_token), 400)


@pytest.mark.parametrize("seek", ["x", "-1", "1.5", "9" * 30, "%00", "٣"])
def test_a_seek_that_is_none_is_refused(tide: Crate, alice_token: str, seek: str) -> None:
    refusal(send("GET", f"{GITHUB}?crate=tide&seek={seek}", alice_token), 400)


def test_a_list_is_not_stored_by_anybody(grant: PublisherCrate, alice_token: str) -> None:
    answer = send("GET", f"{GITHUB}?crate=TIDE", alice_token)

    assert answer["Cache-Control"] == "no-store"
    assert [config["id"] for config in answer.json()["github_configs"]] == [grant.pk]


def test_a_list_is_sought_through(
    tide: Crate,
    alice: User,
    alice_token: str,
    issuer: Issuer,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    forms = [form() | {"workflow_filename": f"{number}.yml"} for number in range(3)]
    added = [let_publish(tide, alice, issuer, fields).pk for fields in forms]
    shown: list[int] = []
    link: str | None = "?crate=tide&per_page=2"

    while link:
        # Who asks, the crate, the rights on it, and the two of the list.
        with django_assert_max_num_queries(8):
            answer = send("GET", f"{GITHUB}{link}", alice_token).json()
        assert answer["meta"]["total"] == 3
        shown += [config["id"] for config in answer["github_configs"]]
        link = answer["meta"]["next_page"]
        assert link is None or link.startswith("?crate=tide&per_page=2&seek=")

    assert shown == added


def test_a_person_lists_what_the_token_covers(
    grant: PublisherCrate, alice: User, bob: User, issuer: Issuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)
    let_publish(make_crate("bobs", owner=bob), bob, issuer)

    def listed(**limits: list[str]) -> list[str]:
        token = scoped(alice, scopes=["trusted-publishing"], **limits)
        answer = send("GET", f"{GITHUB}?user_id={alice.pk}", token)
        return [config["crate"] for config in answer.json()["github_configs"]]

    assert listed() == ["tide", "shore"]
    assert listed(patterns=["sh*"]) == ["shore"]


def test_a_person_does_not_list_for_another_or_by_an_old_token(
    alice: User, alice_token: str, bob: User
) -> None:
    token = scoped(alice, scopes=["trusted-publishing"])

    refusal(send("GET", f"{GITHUB}?user_id={bob.pk}", token), 403)
    error = refusal(send("GET", f"{GITHUB}?user_id={alice.pk}", alice_token), 403)
    assert error["detail"].startswith("This endpoint cannot be used with legacy API tokens")


def test_an_absent_crate_is_named(alice_token: str, issuer: Issuer) -> None:
    error = refusal(create(alice_token, issuer, "nothing"), 404)

    assert error["detail"] == "crate `nothing` does not exist"
