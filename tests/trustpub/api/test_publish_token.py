"""What a publish token opens, what it does not, and when it dies (reference, d.3 to d.5)."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import Person
from registry.models import Crate, ReservedName
from tests.cases import in_turn
from tests.ci import TOKENS, exchange, id_token, let_found, let_publish, publish_token
from tests.factories.registry import make_crate, make_version
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.actors import CiJob
from trustpub.conditions import Condition, ConditionKind
from trustpub.errors import TokenDoesNotCover
from trustpub.models import BlockedSource, Issuer, Publisher, PublisherCrate, PublishToken
from trustpub.operations.publishers import remove_publisher

BASE = "/api/v1/trusted_publishing"


@in_turn(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/crates/tide/0.1.0/yank"),
        ("PUT", "/api/v1/crates/tide/0.1.0/unyank"),
        ("PUT", "/api/v1/crates/tide/owners"),
        ("DELETE", "/api/v1/crates/tide/owners"),
        ("GET", "/api/v1/me"),
        ("GET", f"{BASE}/github_configs?crate=tide"),
        ("POST", f"{BASE}/github_configs"),
        ("DELETE", f"{BASE}/github_configs/{{grant}}"),
        ("GET", f"{BASE}/gitlab_configs?crate=tide"),
        ("POST", f"{BASE}/gitlab_configs"),
        ("GET", f"{BASE}/publishers?crate=tide"),
        ("POST", f"{BASE}/publishers"),
        ("PUT", f"{BASE}/publishers"),
        ("GET", f"{BASE}/publishers/{{grant}}"),
        ("DELETE", f"{BASE}/publishers/{{grant}}"),
        ("GET", f"{BASE}/providers"),
        ("GET", f"{BASE}/pending_publishers"),
        ("DELETE", f"{BASE}/pending_publishers/1"),
    ],
)
def test_it_opens_nothing_but_the_upload(
    grant: PublisherCrate, ci: LocalIssuer, method: str, path: str
) -> None:
    token = publish_token(ci)
    publish(token, "tide")
    body = {"users": ["bob"], "github_config": {"crate": "tide"}}

    with nothing_happens():
        answer = send(method, path.format(grant=grant.pk), token, body)

    said = "this action requires authentication" if method == "GET" else "authentication failed"
    assert refusal(answer, 403)["detail"] == said


def test_it_reads_what_everybody_reads_until_it_ends(
    settings: Settings, grant: PublisherCrate, ci: LocalIssuer
) -> None:
    settings.AUTH_REQUIRED = True
    token = publish_token(ci)
    assert publish(token, "tide").status_code == 200
    paths = (
        "/index/config.json",
        "/api/v1/crates?q=tide",
        "/api/v1/crates/tide",
        "/api/v1/crates/tide/0.1.0",
        "/api/v1/crates/tide/0.1.0/download",
        "/api/v1/crates/tide/owners",
    )

    for path in paths:
        answer = send("GET", path, token)
        assert answer.status_code == 200, path
        assert "public" not in answer["Cache-Control"], path
        answer.getvalue()
    send("DELETE", TOKENS, token)
    for path in paths:
        refusal(send("GET", path, token), 401)


def test_it_reads_no_more_once_its_publisher_is_gone(
    settings: Settings, grant: PublisherCrate, alice: User, ci: LocalIssuer
) -> None:
    settings.AUTH_REQUIRED = True
    token = publish_token(ci)
    assert send("GET", "/index/config.json", token).status_code == 200

    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    refusal(send("GET", "/index/config.json", token), 401)


def test_it_does_not_open_the_browsers_pages(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)

    for path in ("/dashboard", "/settings/tokens", "/admin/"):
        assert send("GET", path, token).status_code in (302, 403)


def test_it_publishes_no_other_crate(grant: PublisherCrate, alice: User, ci: LocalIssuer) -> None:
    make_crate("other", owner=alice)
    token = publish_token(ci)

    for name in ("other", "new-name"):
        with nothing_happens():
            error = refusal(publish(token, name), 403)
        assert f"not valid for crate `{name}`" in error["detail"]


def test_it_publishes_where_no_person_may(grant: PublisherCrate, ci: LocalIssuer) -> None:
    Crate.objects.update(trustpub_only=True)

    assert publish(publish_token(ci), "tide").status_code == 200


def test_another_spelling_is_refused_as_for_everybody(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    token = publish_token(ci)

    with nothing_happens():
        refusal(publish(token, "TIDE"), 400)


def test_it_dies_with_its_publisher(grant: PublisherCrate, alice: User, ci: LocalIssuer) -> None:
    token = publish_token(ci)
    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    with nothing_happens():
        refusal(publish(token, "tide"), 403)


def test_it_is_measured_against_the_rule_of_the_moment(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    """An exchange may have seen the one before, when both happen at once."""
    token = publish_token(ci)
    other = Condition("workflow", ConditionKind.PATH, "nightly.yml").as_dict()
    rule = Publisher.objects.get()
    Publisher.objects.update(conditions=[*rule.conditions, other])

    refusal(publish(token, "tide"), 403)

    Publisher.objects.update(conditions=rule.conditions, repository_id="9")
    refusal(publish(token, "tide"), 403)
    Publisher.objects.update(repository_id=rule.repository_id)
    BlockedSource.objects.create(issuer=rule.issuer, repository_id=rule.repository_id)
    refusal(publish(token, "tide"), 403)
    BlockedSource.objects.update(repository_id="9")
    assert publish(token, "tide").status_code == 200


def test_an_upload_fails_whose_right_ended_while_it_was_read(
    grant: PublisherCrate, alice: User, tide: Crate, ci: LocalIssuer
) -> None:
    publish_token(ci)
    version = make_version(tide, "0.1.0")
    job = CiJob(PublishToken.objects.get())
    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    with pytest.raises(TokenDoesNotCover):
        job.published(version, is_first=False)


def test_it_lives_on_for_the_crates_that_keep_the_publisher(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)
    token = publish_token(ci)
    remove_publisher(actor=Person(alice), grant_id=grant.pk)

    refusal(publish(token, "tide"), 403)
    assert publish(token, "shore").status_code == 200


def test_a_crate_added_later_is_not_covered(
    grant: PublisherCrate, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    refusal(publish(token, "shore"), 403)


def test_it_dies_with_its_issuer(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)
    Issuer.objects.update(state=Issuer.State.DISABLED)

    with nothing_happens():
        refusal(publish(token, "tide"), 403)


def test_a_name_that_was_prohibited_meanwhile_takes_nothing(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    ReservedName.objects.create(canonical_name="tide", reason="court order")

    with nothing_happens():
        assert refusal(publish(token, "tide"), 400)["code"] == "name_reserved"


# --- Less than the publishers allow ---


@pytest.fixture
def shore(grant: PublisherCrate, alice: User, issuer: Issuer) -> Crate:
    crate = make_crate("Shore-Line", owner=alice)
    let_publish(crate, alice, issuer)
    return crate


def test_a_job_may_ask_for_fewer_crates(shore: Crate, ci: LocalIssuer) -> None:
    assert exchange(id_token(ci)).json()["crates"] == ["Shore-Line", "tide"]

    token = publish_token(ci, crates=["shore_line"])

    assert publish(token, "Shore-Line").status_code == 200
    with nothing_happens():
        refusal(publish(token, "tide"), 403)


def test_asking_for_too_much_fails_as_a_whole(shore: Crate, ci: LocalIssuer) -> None:
    error = refusal(exchange(id_token(ci), crates=["tide", "other", "x\0y", "z" * 200]), 403)

    assert error["code"] == "no_publisher"
    assert error["crates"][0] == "other"
    assert not PublishToken.objects.exists()


@pytest.mark.parametrize("has_crate", [True, False])
def test_a_job_that_may_publish_may_ask_to_read_alone(
    alice: User, issuer: Issuer, ci: LocalIssuer, settings: Settings, has_crate: bool
) -> None:
    crate = make_crate("tide", owner=alice)
    if has_crate:
        let_publish(crate, alice, issuer)
    let_found("fresh", alice, issuer)
    settings.AUTH_REQUIRED = True
    answer = exchange(id_token(ci), scope="read").json()

    assert (answer["crates"], answer["new_crates"]) == ([], [])
    assert send("GET", "/index/config.json", answer["token"]).status_code == 200
    for name in ("tide", "fresh"):
        with nothing_happens():
            assert refusal(publish(answer["token"], name), 403)["code"] == "token_does_not_cover"


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": ""},
        {"scope": ["read"]},
        {"scope": "publish-update"},
        {"scope": "read", "crates": ["tide"]},
    ],
)
def test_other_scopes_cannot_be_asked_for(
    grant: PublisherCrate, ci: LocalIssuer, wrong: dict[str, object]
) -> None:
    assert refusal(exchange(id_token(ci), **wrong), 400)["code"] == "invalid_request"


# --- Revocation ---


def test_the_job_revokes_it(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)

    answer = send("DELETE", TOKENS, f"Bearer {token}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(publish(token, "tide"), 403)["code"] == "invalid_publish_token"
    assert PublishToken.objects.get().revoked_because == "revoked by the job"


def test_revoking_twice_or_what_is_unknown_is_no_error(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    assert [send("DELETE", TOKENS, token).status_code for _ in range(2)] == [204, 204]
    first = PublishToken.objects.get().revoked_at
    PublishToken.objects.all().delete()

    assert send("DELETE", TOKENS, token).status_code == 204
    assert first
    assert first < timezone.now()


@in_turn("authorization", [None, "", "Bearer", "nonsense", "Basic eDp5", "wbl_tp_short", "é"])
def test_revoking_needs_a_publish_token(db: None, authorization: str | None) -> None:
    refusal(send("DELETE", TOKENS, authorization), 401)


def test_an_api_token_cannot_be_revoked_here(alice_token: str) -> None:
    refusal(send("DELETE", TOKENS, alice_token), 401)
    assert send("GET", "/api/v1/me", alice_token).status_code == 200
