import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import get_connection
from django.core.mail import send_mail as send_with_django
from django.test import override_settings

from adapters.mail import send_letter


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "mail"
    with override_settings(
        EMAIL_BACKEND="adapters.mail.EmlFileBackend",
        EMAIL_FILE_PATH=str(path),
        DEFAULT_FROM_EMAIL="Waybill <noreply@crates.example>",
    ):
        yield path


def letters(folder: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.iterdir())
    ]


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_it_writes_a_letter_as_one_file(folder: Path) -> None:
    send_letter(
        to=["alice@example.com"], subject="Grüße", text="Published. ✓\n", html="<p>Published.</p>\n"
    )

    [path] = folder.iterdir()
    [letter] = letters(folder)
    assert path.suffix == ".eml"
    assert letter["To"] == "alice@example.com"
    assert letter["From"] == "Waybill <noreply@crates.example>"
    assert letter["Subject"] == "Grüße"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert part(letter, "plain") == "Published. ✓\n"
    assert part(letter, "html") == "<p>Published.</p>\n"


def test_a_letter_may_be_text_alone(folder: Path) -> None:
    send_letter(to=["alice@example.com"], subject="Hello", text="Hello\n", html=None)

    [letter] = letters(folder)
    assert letter.get_content_type() == "text/plain"


def test_every_recipient_gets_a_letter_without_the_others_addresses(folder: Path) -> None:
    people = ["alice@example.com", "bob@example.com"]

    send_letter(to=people, subject="Hello", text="Hello\n", html=None)

    written = letters(folder)
    assert [letter["To"] for letter in written] == people
    assert "bob" not in written[0].as_string()


def test_the_files_sort_in_the_order_of_sending(folder: Path) -> None:
    for number in range(20):
        send_letter(to=["alice@example.com"], subject=str(number), text="", html=None)

    assert [letter["Subject"] for letter in letters(folder)] == [str(n) for n in range(20)]


def test_other_accounts_of_the_machine_cannot_read_a_letter(folder: Path) -> None:
    send_letter(to=["alice@example.com"], subject="Hello", text="", html=None)

    [path] = folder.iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_subject_cannot_add_headers(folder: Path) -> None:
    send_letter(
        to=["alice@example.com"], subject="Hello\r\nBcc: eve@example.com\n", text="", html=None
    )

    [letter] = letters(folder)
    assert letter["Subject"] == "Hello Bcc: eve@example.com"
    assert letter["Bcc"] is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "alice@example.com\nBcc: eve@example.com",
        "alice@example.com, eve@example.com",
        "Alice <alice@example.com>",
    ],
)
def test_it_sends_nothing_when_an_address_is_not_one_address(folder: Path, address: str) -> None:
    with pytest.raises(ValidationError):
        send_letter(to=["bob@example.com", address], subject="Hello", text="", html=None)

    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_an_os_error(folder: Path) -> None:
    folder.write_text("a file is in the way")

    with pytest.raises(OSError):
        send_letter(to=["alice@example.com"], subject="Hello", text="", html=None)


def test_it_fails_silently_on_request(folder: Path) -> None:
    folder.write_text("a file is in the way")

    sent = send_with_django("Hello", "", None, ["alice@example.com"], fail_silently=True)

    assert sent == 0


def test_it_says_that_its_folder_is_not_set(folder: Path) -> None:
    with override_settings(EMAIL_FILE_PATH=None), pytest.raises(ImproperlyConfigured):
        get_connection()
