import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from accounts.operations.addresses import LETTERS_PER_DAY

pytestmark = pytest.mark.django_db
PAGE = "/settings/email"


@pytest.fixture(autouse=True)
def _signed_in(client: Client, alice: User) -> None:
    client.force_login(alice)


def test_a_new_address_is_confirmed_by_the_link_of_its_letter(
    client: Client,
    alice: User,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    assert "Confirmed" in client.get(PAGE).content.decode()
    mailoutbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(PAGE, {"email": " new@example.com "}, follow=True).content.decode()

    assert "A letter is on its way to new@example.com" in page
    assert "Not confirmed" in page
    assert alice.verified_email() is None

    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"{PAGE}/resend", follow=True).content.decode()
    assert "Another letter is on its way" in page
    assert [letter.to for letter in mailoutbox] == [
        ["new@example.com"],
        ["alice@example.com"],
        ["new@example.com"],
    ]
    found = re.search(r"/confirm/\w+", str(mailoutbox[2].body))
    assert found
    client.post(found[0])
    assert alice.verified_email() == "new@example.com"
    assert "Send the letter again" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("email", "said"), [("", "empty email rejected"), ("a b@c\0", "invalid email address")]
)
def test_what_is_no_address_is_said_at_the_field(
    client: Client, alice: User, email: str, said: str
) -> None:
    answer = client.post(PAGE, {"email": email})

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert alice.verified_email() == "alice@example.com"


def test_letters_have_a_limit(client: Client) -> None:
    for _ in range(LETTERS_PER_DAY):
        client.post(f"{PAGE}/resend")

    answer = client.post(f"{PAGE}/resend")

    assert answer.status_code == 429
    assert "Too many confirmation letters today." in answer.content.decode()


def test_without_an_address_one_can_be_added(client: Client) -> None:
    EmailAddress.objects.all().delete()

    page = client.get(PAGE).content.decode()

    assert "Add an address" in page
    assert client.post(f"{PAGE}/resend").status_code == 400
