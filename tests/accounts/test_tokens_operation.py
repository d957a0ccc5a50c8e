from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import InvalidInput, NotFound
from accounts.models import ApiToken, AuditEvent, User
from accounts.operations import tokens
from accounts.operations.tokens import create_token, revoke_token
from accounts.token_text import digest


def test_a_new_token_is_kept_as_a_digest(alice: User) -> None:
    made = create_token(user=alice, name=" laptop ", scopes=["yank"], patterns=["foo*"])

    row = ApiToken.objects.get()
    assert row.digest == digest(made.text)
    assert (row.name, row.endpoint_scopes, row.crate_patterns) == ("laptop", ["yank"], ["foo*"])


def test_making_a_token_is_an_event_without_the_token(alice: User) -> None:
    made = create_token(user=alice, name="laptop")

    event = AuditEvent.objects.get(name="token.created")
    assert made.text not in str(event.after)
    assert made.token.digest not in str(event.after)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "  "}, "name must have a value"),
        ({"name": "x" * 256}, "at most 255"),
        ({"name": "a\0b"}, "NUL"),
        ({"scopes": ["admin"]}, "invalid endpoint scope `admin`"),
        ({"patterns": ["*foo"]}, "invalid crate scope `*foo`"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "in the past"),
    ],
)
def test_it_refuses(alice: User, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_token(**{"user": alice, "name": "laptop", **wrong})  # type: ignore[arg-type]

    assert said in refused.value.detail
    assert not ApiToken.objects.exists()


def test_there_is_a_limit_per_person(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_PER_USER", 1)
    create_token(user=alice, name="first")

    with pytest.raises(InvalidInput, match="maximum tokens per user is: 1"):
        create_token(user=alice, name="second")


def test_a_revoked_token_cannot_be_revoked_again(alice: User) -> None:
    token = create_token(user=alice, name="laptop").token

    revoke_token(user=alice, token_id=token.pk)

    assert AuditEvent.objects.filter(name="token.revoked").count() == 1
    with pytest.raises(NotFound):
        revoke_token(user=alice, token_id=token.pk)


def test_nobody_revokes_the_token_of_another(alice: User, bob: User) -> None:
    token = create_token(user=alice, name="laptop").token

    with pytest.raises(NotFound):
        revoke_token(user=bob, token_id=token.pk)

    assert ApiToken.objects.usable().count() == 1
