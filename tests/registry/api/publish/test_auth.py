from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token
from accounts.token_text import TokenKind, new_token
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.factories.registry import make_crate
from tests.wire import NEW, nothing_happens, publish, refusal, send

FRAME = build_frame(metadata_for(), build_crate())


def limited(user: User, scopes: list[str] | None = None, patterns: list[str] | None = None) -> str:
    return create_token(user=user, name="ci", scopes=scopes, patterns=patterns).text


def test_nobody_publishes(db: None) -> None:
    with nothing_happens():
        error = refusal(publish(None), 403)

    assert error["detail"] == "this action requires authentication"


def test_a_browser_session_does_not_publish(alice: User) -> None:
    client = Client()
    client.force_login(alice)

    refusal(send("PUT", NEW, None, FRAME, client=client), 403)


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
def test_a_token_publishes(alice_token: str, form: str) -> None:
    assert publish(form.format(alice_token)).status_code == 200


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("nonsense", 401),
        ("Basic YTpi", 401),
        ("wbl_tp_nonsense", 401),
        (new_token("wbl", TokenKind.API), 403),
        (new_token("wbl", TokenKind.PUBLISH), 403),
        (new_token("cio", TokenKind.API), 401),
    ],
)
def test_a_token_that_is_none_is_refused(db: None, token: str, status: int) -> None:
    with nothing_happens():
        error = refusal(publish(token), status)

    assert token not in error["detail"]


def test_a_revoked_token_is_refused(alice_token: str) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())

    with nothing_happens():
        refusal(publish(alice_token), 403)


def test_an_expired_token_is_refused(alice_token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with nothing_happens():
        refusal(publish(alice_token), 403)


def test_a_locked_account_is_refused(alice: User, alice_token: str) -> None:
    User.objects.update(locked_at=timezone.now(), lock_reason="spam")

    with nothing_happens():
        error = refusal(publish(alice_token), 403)

    assert "spam" in error["detail"]


def test_an_unverified_address_is_refused(alice: User, alice_token: str) -> None:
    EmailAddress.objects.update(verified=False)

    with nothing_happens():
        error = refusal(publish(alice_token), 403)

    assert error["code"] == "email_not_verified"
    assert "/settings/profile" in error["detail"]


@pytest.mark.parametrize(
    ("scopes", "exists", "status"),
    [
        (["publish-new"], False, 200),
        (["publish-new"], True, 403),
        (["publish-update"], True, 200),
        (["publish-update"], False, 403),
        (["publish-new", "publish-update"], True, 200),
        (["yank", "change-owners", "trusted-publishing"], True, 403),
        (["yank", "change-owners", "trusted-publishing"], False, 403),
        ([], True, 403),
        (None, True, 200),
        (None, False, 200),
    ],
)
def test_new_crates_and_new_versions_are_two_scopes(
    alice: User, scopes: list[str] | None, exists: bool, status: int
) -> None:
    if exists:
        make_crate("demo-crate", owner=alice)

    answer = publish(limited(alice, scopes))

    assert answer.status_code == status
    if status == 403:
        assert refusal(answer, 403)["code"] == "token_lacks_permission"


@pytest.mark.parametrize(
    ("pattern", "status"),
    [("demo-crate", 200), ("demo-*", 200), ("*", 200), ("demo_crate", 403), ("other*", 403)],
)
@pytest.mark.parametrize("exists", [True, False])
def test_a_token_publishes_the_crates_it_is_for(
    alice: User, pattern: str, status: int, exists: bool
) -> None:
    if exists:
        make_crate("demo-crate", owner=alice)

    assert publish(limited(alice, patterns=[pattern])).status_code == status


def test_another_spelling_does_not_get_around_a_pattern(alice: User) -> None:
    make_crate("demo-crate", owner=alice)
    token = limited(alice, patterns=["demo_crate"])

    with nothing_happens():
        refusal(publish(token, "demo_crate"), 400)


def test_a_stranger_is_refused(alice: User, charlie_token: str) -> None:
    make_crate("demo-crate", owner=alice)

    with nothing_happens():
        error = refusal(publish(charlie_token), 403)

    assert error["detail"].startswith("this crate exists but you don't seem to be an owner")


def test_an_administrator_is_a_stranger_too(alice: User, charlie: User, charlie_token: str) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True, is_staff=True)
    make_crate("demo-crate", owner=alice)

    refusal(publish(charlie_token), 403)


def test_a_crate_for_trusted_publishing_only_takes_no_token(alice: User, alice_token: str) -> None:
    make_crate("demo-crate", owner=alice, trustpub_only=True)

    with nothing_happens():
        error = refusal(publish(alice_token), 403)

    assert "can only be published using Trusted Publishing" in error["detail"]


def test_the_archive_is_not_read_for_who_may_not_publish(charlie: User) -> None:
    """A length that promises more than comes: whoever reads on would complain about it."""
    token = limited(charlie, scopes=["yank"])
    body = FRAME[: FRAME.index(b"\x1f\x8b")]

    error = refusal(send("PUT", NEW, token, body), 403)

    assert error["code"] == "token_lacks_permission"
