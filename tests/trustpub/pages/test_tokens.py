from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token
from accounts.token_text import digest
from registry.models import VersionAction
from tests.factories.registry import make_crate, make_user, make_version
from tests.factories.trustpub import make_publisher

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client: Client) -> User:
    user = make_user("alice")
    client.force_login(user)
    return user


def sent(**fields: Any) -> dict[str, Any]:
    return {"name": "laptop", "scopes": ["publish-update"], "patterns": "", "expiry": "90"} | fields


def test_the_new_token_is_shown_on_the_answer_and_never_again(client: Client, alice: User) -> None:
    answer = client.post("/settings/tokens/new", sent())

    text: str = answer.context["text"]
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert text in answer.content.decode()
    assert alice.api_tokens.get().digest == digest(text)
    assert text not in client.get("/settings/tokens").content.decode()
    assert text not in str(dict(client.session))
    assert "messages" not in answer.cookies


def test_it_keeps_the_limits_that_were_chosen(client: Client, alice: User) -> None:
    scopes = ["yank", "publish-new"]

    client.post("/settings/tokens/new", sent(scopes=scopes, patterns="tide-*\r\n\r\nserde\r\n"))

    token = alice.api_tokens.get()
    assert token.endpoint_scopes == ["publish-new", "yank"]
    assert token.crate_patterns == ["tide-*", "serde"]


@pytest.mark.parametrize(("choice", "days"), [("7", 7), ("30", 30), ("90", 90), ("365", 365)])
def test_it_expires_after_the_days_that_were_chosen(
    client: Client, alice: User, choice: str, days: int
) -> None:
    client.post("/settings/tokens/new", sent(expiry=choice))

    expires_at = alice.api_tokens.get().expires_at
    assert expires_at is not None
    assert abs(expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_date_of_ones_own_counts_to_its_end(client: Client, alice: User) -> None:
    client.post("/settings/tokens/new", sent(expiry="custom", expires_on="2999-12-30"))

    assert alice.api_tokens.get().expires_at == datetime(2999, 12, 31, tzinfo=UTC)


def test_never_must_be_asked_for(client: Client, alice: User) -> None:
    form = client.get("/settings/tokens/new").content.decode()
    client.post("/settings/tokens/new", sent(expiry="never"))

    assert '<option value="90" selected>' in form
    assert alice.api_tokens.get().expires_at is None


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": " "}, "Give the token a name."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"scopes": []}, "Choose at least one thing that the token may do."),
        ({"scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"patterns": "a b-*-c"}, "invalid crate scope `b-*-c`"),
        ({"expiry": "soon"}, "soon is not one of the available choices"),
        ({"expiry": "custom"}, "last day"),
        ({"expiry": "custom", "expires_on": "2001-01-01"}, "This day is over"),
        ({"expiry": "custom", "expires_on": "9999-12-31"}, "Choose a day before the year 9999."),
    ],
)
def test_it_says_what_is_wrong_with_the_form(
    client: Client, alice: User, fields: dict[str, Any], complaint: str
) -> None:
    answer = client.post("/settings/tokens/new", sent(**fields))

    assert answer.status_code == 400
    assert complaint in answer.content.decode().replace("&#x27;", "'")
    assert not alice.api_tokens.exists()


def test_the_operations_refusal_is_shown_on_the_form(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.operations.tokens.TOKENS_PER_USER", 0)

    answer = client.post("/settings/tokens/new", sent())

    assert answer.status_code == 400
    assert "maximum tokens per user is: 0" in answer.content.decode()


def test_the_list_explains_each_token(client: Client, alice: User) -> None:
    token = create_token(user=alice, name="ci", scopes=["yank"], patterns=["tide-*"]).token
    ApiToken.objects.filter(pk=token.pk).update(
        last_used_at=datetime(2030, 5, 4, 3, 2, tzinfo=UTC), last_used_agent="cargo/1.95.0"
    )
    create_token(user=alice, name="old", scopes=None)

    page = client.get("/settings/tokens").content.decode()

    assert "yank and un-yank versions" in page
    assert "all crates starting with tide-" in page
    assert "4 May 2030, 03:02:00 UTC" in page
    assert "cargo/1.95.0" in page
    assert "do everything that you may do" in page


def test_revoking_needs_a_post(client: Client, alice: User) -> None:
    token = create_token(user=alice, name="ci").token

    assert client.get(f"/settings/tokens/{token.pk}/revoke").status_code == 405
    assert client.post(f"/settings/tokens/{token.pk}/revoke")["Location"] == "/settings/tokens"
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "ci is revoked" in client.get("/settings/tokens").content.decode()


def test_nobody_revokes_anothers_token(client: Client, alice: User) -> None:
    token = create_token(user=make_user("bob"), name="ci").token

    answer = client.post(f"/settings/tokens/{token.pk}/revoke")

    token.refresh_from_db()
    assert answer.status_code == 404
    assert token.revoked_at is None


@pytest.mark.parametrize("tokens", [0, 3])
def test_the_list_takes_a_constant_number_of_queries(
    client: Client, alice: User, tokens: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(tokens):
        create_token(user=alice, name=f"token {number}")

    # Session, user, tokens, what they published; of no tokens Django does not ask.
    with django_assert_num_queries(4 if tokens else 3):
        client.get("/settings/tokens")


def test_the_form_begins_with_what_the_ending_token_had(client: Client, alice: User) -> None:
    client.force_login(alice)
    former = create_token(user=alice, name="ci", scopes=["yank"], patterns=["tide-*", "tide"])

    page = client.get(f"/settings/tokens/new?from={former.token.pk}").content.decode()

    assert 'value="ci"' in page
    assert "tide-*\ntide</textarea>" in page
    assert page.count(" checked") == 1


@pytest.mark.parametrize("former", ["", "x", "9" * 30, "999999"])
def test_what_is_no_token_of_ones_own_begins_nothing(
    client: Client, alice: User, bob: User, former: str
) -> None:
    client.force_login(alice)
    theirs = create_token(user=bob, name="bobs-secret-name").token

    for number in (former, str(theirs.pk)):
        answer = client.get("/settings/tokens/new", {"from": number})
        assert answer.status_code == 200
        assert "bobs-secret-name" not in answer.content.decode()


@pytest.mark.parametrize("lifetime", [timedelta(days=30), None])
def test_making_anew_keeps_name_and_limits_and_ends_the_old_one(
    client: Client, alice: User, lifetime: timedelta | None
) -> None:
    end = timezone.now() + lifetime if lifetime else None
    old = create_token(user=alice, name="ci", scopes=["yank"], patterns=["tide-*"], expires_at=end)

    answer = client.post(f"/settings/tokens/{old.token.pk}/regenerate")

    old.token.refresh_from_db()
    new = alice.api_tokens.get(revoked_at=None)
    assert old.token.revoked_at is not None
    assert new.digest == digest(answer.context["text"]) != old.token.digest
    assert (new.name, new.endpoint_scopes, new.crate_patterns) == ("ci", ["yank"], ["tide-*"])
    if lifetime is None:
        assert new.expires_at is None
        assert "It never expires." in answer.content.decode()
    else:
        assert new.expires_at is not None
        assert abs(new.expires_at - timezone.now() - lifetime) < timedelta(minutes=1)


def test_nobody_makes_anothers_token_anew(client: Client, alice: User) -> None:
    token = create_token(user=make_user("bob"), name="ci").token

    answer = client.post(f"/settings/tokens/{token.pk}/regenerate")

    token.refresh_from_db()
    assert answer.status_code == 404
    assert token.revoked_at is None
    assert not alice.api_tokens.exists()


def test_the_preview_says_which_of_ones_crates_match_and_makes_nothing(
    client: Client, alice: User
) -> None:
    for name in ("tide-core", "tide-web", "reef"):
        make_crate(name, owner=alice)
    make_crate("tide-of-bob")

    fields = sent(name="", patterns="tide-*\nreef\nother", expiry="30", scopes=["yank"])
    answer = client.post("/settings/tokens/preview", fields)

    page = " ".join(answer.content.decode().split())
    assert "All crates starting with tide-</strong>: tide-core, tide-web" in page
    assert "Only the crate reef</strong>: reef" in page
    assert "Only the crate other</strong>: none of yours yet" in page
    assert "tide-of-bob" not in page
    # What was typed is still there.
    assert '<option value="30" selected>' in page
    assert 'value="yank" checked' in page
    assert not alice.api_tokens.exists()


def test_the_preview_of_no_pattern_names_a_few_and_counts_the_others(
    client: Client, alice: User
) -> None:
    for number in range(23):
        make_crate(f"tide-{number:02}", owner=alice)

    page = " ".join(client.post("/settings/tokens/preview", sent()).content.decode().split())

    assert "All crates</strong>: tide-00," in page
    assert "tide-19 and 3 more" in page


def test_the_preview_says_what_is_no_pattern(client: Client, alice: User) -> None:
    answer = client.post("/settings/tokens/preview", sent(patterns="b-*-c"))

    assert answer.status_code == 400
    assert "invalid crate scope `b-*-c`" in answer.content.decode()


def test_it_says_where_a_token_was_used_although_a_workflow_is_trusted(
    client: Client, alice: User
) -> None:
    token = create_token(user=alice, name="laptop").token
    for name, delay in (("after", 1), ("before", -1)):
        crate = make_crate(name, owner=alice)
        grant = make_publisher(crate)
        VersionAction.objects.create(
            version=make_version(crate),
            user=alice,
            api_token_id=token.pk,
            action=VersionAction.Action.PUBLISH,
            at=grant.created_at + timedelta(minutes=delay),
        )

    (card,) = client.get("/settings/tokens").context["cards"]

    assert list(card.needless) == ["after"]
    assert "although it has trusted publishing" in client.get("/settings/tokens").content.decode()


@pytest.mark.parametrize(
    ("days", "badge"), [(None, "Never expires"), (3, "Expires soon"), (60, ""), (-1, "Expired")]
)
def test_a_badge_says_what_is_to_know_of_the_end(
    client: Client, alice: User, days: int | None, badge: str
) -> None:
    token = create_token(user=alice, name="ci").token
    if days is not None:
        token.expires_at = timezone.now() + timedelta(days=days)
        token.save()

    page = client.get("/settings/tokens").content.decode()

    badges = [text for text in ("Never expires", "Expires soon", "Expired") if f">{text}<" in page]
    assert badges == ([badge] if badge else [])
