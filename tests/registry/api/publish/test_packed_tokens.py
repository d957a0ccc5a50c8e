"""An upload that gives a token away is refused, and the token is good for nothing any more."""

import random
from typing import Any

import pytest
from django.core import mail
from django.test import TestCase

from accounts.models import ApiToken, AuditEvent, User
from accounts.operations.tokens import create_token, revoke_token
from accounts.token_text import TokenKind, new_token
from registry.models import Crate, Version
from tests.factories.archives import build_crate, entry, metadata_for
from tests.wire import publish, refusal, send, stored_files


def upload(token: str, **arguments: Any) -> Any:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return publish(token, **arguments)


@pytest.fixture
def secret(bob: User) -> str:
    return create_token(user=bob, name="ci of bob").text


def test_it_is_refused_and_the_token_dies(alice_token: str, secret: str) -> None:
    files = {"src/lib.rs": b"", "ci/login.sh": f"cargo login {secret}\n".encode()}

    error = refusal(upload(alice_token, files=files), 400)

    assert error["code"] == "token_in_upload"
    assert error["detail"] == (
        "the upload contains an access token of this registry, in `ci/login.sh`. Whoever reads "
        "the crate could use it, so the token was revoked at once and nothing was published. "
        "Remove it from the file, make a new token, and publish again."
    )
    assert not Crate.objects.exists()
    assert not Version.objects.exists()
    assert stored_files() == []
    assert refusal(send("GET", "/api/v1/me", secret), 403)["code"] == "authentication_failed"
    assert send("GET", "/api/v1/me", alice_token).status_code == 200


def test_its_owner_hears_where_it_was_found(alice_token: str, secret: str) -> None:
    upload(alice_token, files={"src/lib.rs": f"// {secret}\n".encode()})

    [letter] = mail.outbox
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "Your API token ci of bob leaked and was revoked"
    assert "Found by: an upload of demo-crate 0.1.0 by alice (token laptop)\n" in letter.body
    assert "Where: src/lib.rs\n" in letter.body
    event = AuditEvent.objects.get(name="token.leaked")
    assert (event.actor_kind, event.subject) == ("api_token", "ci of bob")
    assert event.after["place"] == "src/lib.rs"
    for told in (letter.body, letter.subject, str(event.after)):
        assert secret not in told


def test_the_token_of_the_upload_itself_counts_too(alice_token: str) -> None:
    files = {"src/lib.rs": b"", ".cargo/credentials.toml": f'token = "{alice_token}"'.encode()}

    assert refusal(upload(alice_token, files=files), 400)["code"] == "token_in_upload"
    assert refusal(upload(alice_token), 403)["code"] == "authentication_failed"


def test_a_name_of_a_file_and_the_readme_count_as_well(alice_token: str, secret: str) -> None:
    named = build_crate(entries=[(entry(f"demo-crate-0.1.0/{secret}"), b"")])
    assert refusal(upload(alice_token, crate=named), 400)["code"] == "token_in_upload"

    other = create_token(user=User.objects.get(login="bob"), name="other").text
    told = metadata_for(readme=f"# Log in with {other}", readme_file="README.md")
    error = refusal(upload(alice_token, metadata=told), 400)
    assert "in `README.md`." in error["detail"]


def test_several_tokens_and_files_are_named_once(alice_token: str, bob: User) -> None:
    texts = [create_token(user=bob, name=f"t{number}").text for number in range(9)]
    files = {f"src/{number}.rs": text.encode() * 2 for number, text in enumerate(texts)}

    error = refusal(upload(alice_token, files=files), 400)

    assert (
        ", in `src/0.rs`, `src/1.rs`, `src/2.rs`, `src/3.rs`, `src/4.rs`, more files. "
        in (error["detail"])
    )
    assert ApiToken.objects.filter(user=bob, revoked_at=None).count() == 0
    assert len(mail.outbox) == 9


def test_it_is_found_deep_inside_a_large_file(alice_token: str, secret: str) -> None:
    noise = random.Random(1).randbytes(300_000)
    # Around the size of the pieces in which an archive is inflated.
    for at in (65_500, 131_040, 250_001):
        ApiToken.objects.update(revoked_at=None)
        files = {"src/lib.rs": noise[:at] + secret.encode() + noise[at:]}
        error = refusal(upload(alice_token, files=files), 400)
        assert error["code"] == "token_in_upload"


@pytest.mark.parametrize("kind", TokenKind)
def test_what_opens_nothing_may_be_published(alice_token: str, kind: TokenKind) -> None:
    files = {"src/lib.rs": f'const EXAMPLE: &str = "{new_token("wbl", kind)}";'.encode()}

    assert upload(alice_token, files=files).status_code == 200
    assert [letter.subject for letter in mail.outbox if "token" in letter.subject.lower()] == []


def test_a_token_that_was_revoked_already_may_be_published(
    alice: User, alice_token: str, secret: str, bob: User
) -> None:
    revoke_token(user=bob, token_id=ApiToken.objects.get(user=bob).pk)

    assert upload(alice_token, files={"src/lib.rs": secret.encode()}).status_code == 200
    assert [letter.subject for letter in mail.outbox if "token" in letter.subject.lower()] == []
