import pytest
from django.test import Client
from pytest_django import Settings

from tests.factories.registry import make_user

pytestmark = pytest.mark.django_db


def test_it_offers_github(client: Client, settings: Settings) -> None:
    settings.GITHUB_LOGIN = True

    page = client.get("/sign-in?next=/settings/tokens").content.decode()

    assert 'action="/accounts/github/login/" method="post"' in page
    assert 'name="next" value="/settings/tokens"' in page
    assert "csrfmiddlewaretoken" in page


def test_it_names_the_variables_where_github_is_not_set_up(
    client: Client, settings: Settings
) -> None:
    settings.GITHUB_LOGIN = settings.DEV_LOGIN = False

    page = client.get("/sign-in").content.decode()

    assert "GITHUB_CLIENT_ID" in page
    assert "GITHUB_CLIENT_SECRET" in page
    assert "dev-login" not in page


def test_it_links_to_the_developer_sign_in_and_keeps_the_way_on(
    client: Client, settings: Settings
) -> None:
    settings.DEV_LOGIN = True

    page = client.get("/sign-in?next=/crates/a?b=c").content.decode()

    assert "/dev-login/?next=%2Fcrates%2Fa%3Fb%3Dc" in page


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//e"],
)
def test_it_forgets_a_way_that_leads_off_this_site(client: Client, elsewhere: str) -> None:
    client.force_login(make_user())

    answer = client.get("/sign-in", {"next": elsewhere})

    assert answer["Location"] == "/dashboard"


def test_somebody_signed_in_is_sent_on(client: Client) -> None:
    client.force_login(make_user())

    answer = client.get("/sign-in?next=/settings/profile")

    assert answer["Location"] == "/settings/profile"


def test_signing_out_ends_the_session(client: Client) -> None:
    client.force_login(make_user())

    answer = client.post("/sign-out")

    assert answer["Location"] == "/"
    assert client.get("/settings/profile").status_code == 302


def test_a_link_signs_nobody_out(client: Client) -> None:
    client.force_login(make_user())

    assert client.get("/sign-out").status_code == 405
    assert client.get("/settings/profile").status_code == 200


def test_signing_out_needs_the_form() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())

    assert client.post("/sign-out").status_code == 403


def test_the_admins_form_does_not_say_who_has_an_account(client: Client) -> None:
    administrator = make_user("ada", is_staff=True)
    somebody = make_user("bob")
    for user in (administrator, somebody):
        user.set_password("right")
        user.save()

    tried = [("ada", "wrong"), ("bob", "wrong"), ("bob", "right"), ("nobody", "wrong")]
    answers = [
        client.post("/admin/login/", {"username": login, "password": password})
        for login, password in tried
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.context["form"].errors) for answer in answers}) == 1
