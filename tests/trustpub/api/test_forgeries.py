"""Tokens that were made, taken or turned by somebody else."""

import time
from collections.abc import Callable

import pytest
from django.conf import LazySettings

from accounts.models import User
from demo.issuer import LocalIssuer, SigningKey
from registry.models import Crate
from tests.cases import in_turn
from tests.ci import exchange, form, id_token, let_publish, trusted
from tests.factories.id_tokens import attacks, signing_key, stranger_key
from tests.factories.registry import make_crate
from tests.wire import refusal
from trustpub.models import Issuer, PublisherCrate, PublishToken, SpentIdToken

pytestmark = pytest.mark.once

Claims = dict[str, object]
# The names need no token of a real issuer.
TRICKS = sorted(attacks({"iss": "https://x", "repository": "a/b"}, signing_key()))
NEVER_VERIFIED = {
    "malformed_token",
    "invalid_signature",
    "unknown_key",
    "invalid_request",
    "unsupported_issuer",
}


def nothing_granted() -> bool:
    return not PublishToken.objects.exists() and not SpentIdToken.objects.exists()


@in_turn("trick", TRICKS)
def test_a_forged_token_is_refused_before_it_is_believed(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings, trick: str
) -> None:
    token = attacks(ci.github_claims(settings.AUDIENCES[0]), ci.key)[trick]

    error = refusal(exchange(token), 400)

    assert error["code"] in NEVER_VERIFIED
    assert "tide" not in str(error)
    assert "ferris-labs" not in str(error)
    assert nothing_granted()


@in_turn(
    ("claims", "code"),
    [
        ({"aud": "reg.example"}, "invalid_audience"),
        ({"aud": "127.0.0.1:8000/"}, "invalid_audience"),
        ({"aud": "http://127.0.0.1:8000"}, "invalid_audience"),
        ({"aud": ["127.0.0.1:8000", "reg.example"]}, "invalid_audience"),
        ({"aud": ["127.0.0.1:8000", "127.0.0.1:8000"]}, "invalid_audience"),
        ({"aud": []}, "invalid_audience"),
        ({"aud": ""}, "invalid_audience"),
        ({"aud": 7}, "invalid_audience"),
        ({"aud": None}, "missing_claim"),
        ({"exp": None}, "missing_claim"),
        ({"iat": None}, "missing_claim"),
        ({"exp": True}, "unexpected_claim"),
        ({"exp": -1}, "unexpected_claim"),
        ({"exp": 10**18}, "unexpected_claim"),
        ({"jti": None}, "missing_claim"),
        ({"jti": ""}, "missing_claim"),
        ({"jti": 7}, "unexpected_claim"),
        ({"jti": "x" * 256}, "unexpected_claim"),
        ({"jti": "a\0b"}, "unexpected_claim"),
        ({"repository_id": None}, "missing_claim"),
        ({"repository_id": "7e3"}, "unexpected_claim"),
        ({"repository_id": True}, "unexpected_claim"),
        ({"repository_id": "٧"}, "unexpected_claim"),
        ({"repository_owner_id": ["9176411"]}, "unexpected_claim"),
        ({"repository_owner": "stranger"}, "unexpected_claim"),
        ({"repository": "ferris-labs/tidepool/x"}, "unexpected_claim"),
        ({"repository": "ferris-labs"}, "unexpected_claim"),
        ({"repository": "ferris-labs/" + "a" * 2000}, "unexpected_claim"),
        ({"repository": 'ferris-labs/"><script>'}, "unexpected_claim"),
        ({"workflow_ref": "stranger/x/.github/workflows/release.yml@refs/tags/v1.4.0"},
         "unexpected_claim"),
        ({"workflow_ref": "ferris-labs/tidepool/.github/workflows/release.yml@refs/heads/x"},
         "unexpected_claim"),
        ({"workflow_ref": "ferris-labs/tidepool/.github/workflows/release.yml"},
         "unexpected_claim"),
        ({"environment": "release\r\nX: y"}, "unexpected_claim"),
        ({"environment": ["release"]}, "unexpected_claim"),
        ({"ref": "", "sha": ""}, "missing_claim"),
        ({"event_name": None}, "missing_claim"),
    ],
)  # fmt: skip
def test_a_claim_that_is_not_in_order_is_named(
    grant: PublisherCrate, ci: LocalIssuer, claims: dict[str, object], code: str
) -> None:
    error = refusal(exchange(id_token(ci, **claims)), 400)

    assert error["code"] == code
    assert len(error["detail"]) < 600
    assert nothing_granted()


@in_turn(
    ("times", "code"),
    [
        (lambda at: {"exp": at - 61}, "unexpected_claim"),
        (lambda at: {"exp": at - 61, "iat": at - 900, "nbf": None}, "token_expired"),
        (lambda at: {"iat": at + 600, "exp": at + 900}, "token_not_yet_valid"),
        (lambda at: {"nbf": at + 600}, "token_not_yet_valid"),
        (lambda at: {"exp": at + 3700}, "token_too_long"),
        (lambda at: {"iat": at - 4000}, "token_too_long"),
        (lambda at: {"exp": str(at + 300)}, "unexpected_claim"),
        (lambda at: {"exp": at + 300.5}, "unexpected_claim"),
        (lambda at: {"iat": at + 10, "exp": at + 10}, "unexpected_claim"),
    ],
)
def test_times_that_are_not_in_order_are_named(
    grant: PublisherCrate, ci: LocalIssuer, times: Callable[[int], Claims], code: str
) -> None:
    error = refusal(exchange(id_token(ci, **times(int(time.time())))), 400)

    assert error["code"] == code
    assert nothing_granted()


@pytest.mark.parametrize("seconds", [1, 50])
def test_a_clock_may_be_a_minute_off(grant: PublisherCrate, ci: LocalIssuer, seconds: int) -> None:
    at = int(time.time())
    late = id_token(ci, iat=at - 300, exp=at - seconds, nbf=None)
    early = id_token(ci, iat=at + seconds, nbf=at + seconds)

    assert exchange(late).status_code == 200
    assert exchange(early).status_code == 200


def test_one_audience_in_a_list_will_do(
    grant: PublisherCrate, ci: LocalIssuer, settings: LazySettings
) -> None:
    assert exchange(id_token(ci, aud=[settings.AUDIENCES[0]])).status_code == 200


@in_turn(
    "event",
    [
        "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion",
        "pull_request", "pull_request_review", "fork", "watch", "label", "gollum", "public",
        "check_run", "check_suite", "status", "repository_dispatch", "merge_group", "Push", "push ",
    ],
)  # fmt: skip
def test_an_event_that_strangers_can_cause_is_refused(
    grant: PublisherCrate, ci: LocalIssuer, event: str
) -> None:
    error = refusal(exchange(id_token(ci, event_name=event)), 403)

    assert error["code"] == "event_not_allowed"
    assert "workflow_dispatch" in error["detail"]


@in_turn("event", ["push", "release", "workflow_dispatch", "create", "deployment", "schedule"])
def test_an_event_of_the_maintainers_is_accepted(
    grant: PublisherCrate, ci: LocalIssuer, event: str
) -> None:
    assert exchange(id_token(ci, event_name=event)).status_code == 200


@in_turn(
    "spoil",
    [
        lambda url: f"{url}/",
        lambda url: url.upper(),
        lambda url: f"{url}#",
        lambda url: f"{url}?x",
        lambda url: f"{url}/slug",
        lambda url: f"{url}.evil.example",
        lambda url: url.replace("http://", "https://"),
        lambda url: url.replace("127.0.0.1", "localhost"),
        lambda url: url.replace("http://", "http://x@"),
        lambda url: f" {url}",
        lambda url: f"{url}\0",
        lambda url: url[:-1],
        lambda url: "https://evil.example/" + "x" * 900,
    ],
)
def test_an_issuer_that_looks_alike_is_not_trusted(
    grant: PublisherCrate, ci: LocalIssuer, spoil: object
) -> None:
    url = spoil(ci.url)  # type: ignore[operator]

    error = refusal(exchange(id_token(ci, iss=url)), 400)

    assert error["code"] == "unsupported_issuer"
    assert len(error["detail"]) < 500
    assert not ci.requests


def test_an_issuer_is_repeated_without_what_steers_a_terminal(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    error = refusal(exchange(id_token(ci, iss="https://\x1b[31mevil\u202e.example")), 400)

    assert "\x1b" not in error["detail"]
    assert "\u202e" not in error["detail"]


@pytest.mark.parametrize("state", [Issuer.State.DISABLED])
def test_an_issuer_that_was_switched_off_is_not_asked(
    grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer, state: str
) -> None:
    Issuer.objects.update(state=state)

    assert refusal(exchange(id_token(ci)), 403)["code"] == "issuer_disabled"
    assert not ci.requests


def test_an_issuer_without_new_publishers_still_works(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    Issuer.objects.update(state=Issuer.State.READ_ONLY)

    assert exchange(id_token(ci)).status_code == 200


def test_an_id_token_is_exchanged_once(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = id_token(ci)
    assert exchange(token).status_code == 200

    error = refusal(exchange(token), 409)

    assert error["code"] == "token_reused"
    assert PublishToken.objects.count() == 1


def test_another_signature_over_the_same_content_is_a_replay_too(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    claims = ci.github_claims("127.0.0.1:8000")
    assert exchange(ci.sign(claims)).status_code == 200

    refusal(exchange(ci.sign(claims, headers={"typ": "other"})), 409)


def test_a_refused_token_is_not_spent(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    token = id_token(ci)
    refusal(exchange(token), 403)
    let_publish(tide, alice, issuer)

    assert exchange(token).status_code == 200


def test_a_spent_token_is_remembered_longer_than_it_is_accepted(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    claims = ci.github_claims("127.0.0.1:8000")
    exchange(ci.sign(claims))

    spent = SpentIdToken.objects.get()
    assert spent.expires_at.timestamp() >= int(str(claims["exp"])) + 60


def test_equal_ids_of_two_installations_are_two_repositories(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    with LocalIssuer(key=stranger_key()) as other:
        trusted(other)

        error = refusal(exchange(id_token(other)), 403)

    assert error["code"] == "no_publisher"


def test_equal_token_ids_of_two_installations_are_two_tokens(
    grant: PublisherCrate, bob: User, ci: LocalIssuer
) -> None:
    with LocalIssuer(key=stranger_key()) as other:
        let_publish(make_crate("other", owner=bob), bob, trusted(other))

        for system, crate in ((ci, "tide"), (other, "other")):
            answer = exchange(id_token(system, jti="the same"))
            assert answer.json()["crates"] == [crate]


def test_a_key_of_one_installation_signs_for_no_other(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    with LocalIssuer(key=stranger_key()) as other:
        trusted(other)
        forged = other.sign(
            ci.github_claims("127.0.0.1:8000"),
            key=SigningKey(ci.key.kid, stranger_key().private_key),
        )

        assert refusal(exchange(forged), 400)["code"] == "invalid_signature"


def test_a_token_of_another_kind_of_system_does_not_fit(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    refusal(exchange(ci.gitlab_token("127.0.0.1:8000")), 400)
    assert nothing_granted()


def test_gitlab_jobs_are_served_alike(alice: User, tide: Crate, ci: LocalIssuer, db: None) -> None:
    issuer = trusted(ci, "gitlab")
    Issuer.objects.filter(pk=issuer.pk).update(web_url=ci.url)
    issuer.refresh_from_db()
    fields = {
        "namespace": "ferris-labs/libs",
        "project": "tidepool",
        "workflow_filepath": ".gitlab-ci.yml",
        "environment": "release",
        "project_id": "20488",
        "namespace_id": "7718",
    }
    let_publish(tide, alice, issuer, fields)

    assert exchange(ci.gitlab_token("127.0.0.1:8000")).status_code == 200
    fork = ci.gitlab_token("127.0.0.1:8000", job_project_id="999")
    refusal(exchange(fork), 400)
    request = ci.gitlab_token("127.0.0.1:8000", pipeline_source="merge_request_event")
    assert refusal(exchange(request), 403)["code"] == "event_not_allowed"
    group = ci.gitlab_token("127.0.0.1:8000", namespace_id="1")
    assert refusal(exchange(group), 403)["code"] == "identity_changed"


def test_a_publisher_of_one_form_is_no_rule_for_another(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_publish(tide, alice, issuer, form(repository_name="lagoon", repository_id="5"))

    assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"
