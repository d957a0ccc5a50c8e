"""Codes of an authenticator app: set up, asked for, replaced and removed."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, GitHubToken, User
from accounts.operations.second_factor import add_second_factor, new_secret
from accounts.second_factor import SealedFactors
from accounts.step_up import PROVED_AT
from demo.github_server import FakeGitHub
from registry.models import Crate
from tests.accounts.pages.test_github_sign_in import github, sign_in
from tests.clock import clock_at
from tests.codes import code_now
from tests.factories.registry import make_crate

__all__ = ["github"]

# Neither a code ends within a test, nor the quarter of an hour in which tries are counted.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

TOKEN = {"name": "laptop", "scopes": ["publish-update"], "patterns": "", "expiry": "90"}


def forget_used_codes() -> None:
    """As if half a minute had gone by."""
    cache.clear()


def with_factor(user: User) -> tuple[str, list[str]]:
    """The app's secret and the recovery codes."""
    secret = new_secret()
    with clock_at(timezone.now()):
        codes = add_second_factor(user=user, secret=secret, code=code_now(secret))
    return secret, codes


def make_stale(client: Client) -> None:
    session = client.session
    session[PROVED_AT] = 0
    session.save()


@pytest.fixture(autouse=True)
def _own_cache() -> None:
    cache.clear()


def test_it_is_set_up_with_a_code_and_shows_recovery_codes_once(
    client: Client, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(alice)
    form = client.get("/settings/second-factor/add")
    secret = "".join(form.context["groups"])
    sealed = form.context["sealed"]

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/settings/second-factor/add", {"sealed": sealed, "code": code_now(secret)}
        )

    page = answer.content.decode()
    codes = re.findall(r"\b\d{8}\b", page)
    assert len(codes) == 10
    assert "no-store" in answer["Cache-Control"]
    assert mail.outbox[-1].subject == "The second factor of your account was added"
    overview = client.get("/settings/second-factor").content.decode()
    assert "You have 10 recovery codes left" in overview
    assert codes[0] not in overview
    rows = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in rows
    assert secret not in str(dict(client.session))


@pytest.mark.parametrize("code", ["", "000", "not a code", "٣" * 6])
def test_a_wrong_code_sets_nothing_up(client: Client, alice: User, code: str) -> None:
    client.force_login(alice)
    sealed = client.get("/settings/second-factor/add").context["sealed"]

    answer = client.post("/settings/second-factor/add", {"sealed": sealed, "code": code})

    assert answer.status_code == 400
    assert answer.context["sealed"] != sealed
    assert not Authenticator.objects.exists()


def test_a_secret_of_ones_own_choice_is_not_taken(client: Client, alice: User) -> None:
    client.force_login(alice)

    answer = client.post("/settings/second-factor/add", {"sealed": "AAAA", "code": "123456"})

    assert answer.status_code == 400
    assert "Start once more." in answer.content.decode()


def test_the_sign_in_stops_for_the_code(client: Client, github: FakeGitHub) -> None:
    sign_in(Client())
    secret, _ = with_factor(User.objects.get())
    forget_used_codes()

    stopped = sign_in(client, next="/settings/tokens")
    before = client.get("/settings/profile")
    wrong = client.post("/second-factor", {"code": code_now(secret, steps=9)})
    done = client.post("/second-factor", {"code": code_now(secret)})

    assert stopped["Location"] == "/second-factor"
    assert before["Location"].startswith("/sign-in")
    assert wrong.status_code == 400
    assert "This code is not right." in wrong.content.decode()
    assert done["Location"] == "/settings/tokens"
    assert client.get("/settings/profile").status_code == 200


def test_while_it_waits_the_session_holds_no_token_of_github(
    client: Client, github: FakeGitHub
) -> None:
    sign_in(Client())
    user = User.objects.get()
    secret, _ = with_factor(user)
    forget_used_codes()

    sign_in(client)

    token = GitHubToken.text_of(user)
    assert token
    assert token not in str(dict(client.session))
    client.post("/second-factor", {"code": code_now(secret)})
    assert GitHubToken.text_of(user) == token


def test_a_code_is_good_once(client: Client, github: FakeGitHub) -> None:
    sign_in(Client())
    secret, _ = with_factor(User.objects.get())
    forget_used_codes()
    code = code_now(secret)
    first = Client()
    sign_in(first)
    first.post("/second-factor", {"code": code})

    sign_in(client)
    answer = client.post("/second-factor", {"code": code})

    assert answer.status_code == 400
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_is_good_once_and_tells_its_owner(
    github: FakeGitHub, django_capture_on_commit_callbacks: Any
) -> None:
    sign_in(Client())
    _, codes = with_factor(User.objects.get())
    statuses = []

    for _ in range(2):
        browser = Client()
        sign_in(browser)
        with django_capture_on_commit_callbacks(execute=True):
            statuses.append(browser.post("/second-factor", {"code": codes[3]}).status_code)

    assert statuses == [302, 400]
    assert mail.outbox[-1].subject.endswith("was replaced by a recovery code")


def test_codes_cannot_be_tried_for_long(client: Client, github: FakeGitHub) -> None:
    sign_in(Client())
    with_factor(User.objects.get())
    sign_in(client)

    statuses = [client.post("/second-factor", {"code": "no"}).status_code for _ in range(10)]

    # Setting it up was the first.
    assert statuses == [400] * 9 + [429]


def test_without_a_sign_in_there_is_nothing_to_answer(client: Client, alice: User) -> None:
    secret, _ = with_factor(alice)

    assert client.post("/second-factor", {"code": code_now(secret)})["Location"] == "/sign-in"


def test_a_code_is_a_proof_and_a_click_is_none(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.DEV_LOGIN = True
    secret, _ = with_factor(alice)
    forget_used_codes()
    client.force_login(alice)
    make_stale(client)

    click = client.post("/confirm-identity")
    held_up = client.post("/settings/tokens/new", TOKEN)
    code = client.post("/confirm-identity", {"code": code_now(secret)})

    assert click.status_code == 404
    assert held_up["Location"] == "/confirm-identity"
    assert code["Location"] == "/confirm-identity/done"
    assert client.post("/settings/tokens/new", TOKEN).status_code == 200


def test_taking_it_away_needs_a_proof(client: Client, alice: User) -> None:
    with_factor(alice)
    client.force_login(alice)
    make_stale(client)

    app = {"factor": Authenticator.objects.get(type="totp").pk}

    held_up = client.post("/settings/second-factor/remove", app)
    assert held_up["Location"] == "/confirm-identity"
    assert Authenticator.objects.count() == 2

    client.force_login(alice)
    session = client.session
    session[PROVED_AT] = int(time.time())
    session.save()
    client.post("/settings/second-factor/remove", app)
    assert not Authenticator.objects.exists()
    assert AuditEvent.objects.filter(name="second_factor.removed").exists()


def test_new_recovery_codes_end_the_old_ones(client: Client, alice: User) -> None:
    _, old = with_factor(alice)
    client.force_login(alice)

    page = client.post("/settings/second-factor/recovery-codes").content.decode()

    assert len(re.findall(r"\b\d{8}\b", page)) == 10
    assert not [code for code in old if code in page]


def test_where_it_is_required_nobody_gives_power_without_it(
    client: Client, alice: User, bob: User, settings: Settings
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    settings.OWNER_INVITATIONS = False
    crate: Crate = make_crate("tide", owner=alice)
    client.force_login(alice)

    page = client.post("/crates/tide/settings/owners/add", {"login": "bob"})
    api = client.put(
        "/api/v1/crates/tide/owners", {"owners": ["bob"]}, content_type="application/json"
    )

    assert page["Location"] == "/settings/second-factor"
    assert "asks everybody who does this" in client.get(page["Location"]).content.decode()
    assert api.status_code == 403
    assert api.json()["errors"][0]["code"] == "second_factor_required"
    assert not crate.is_owned_by(bob)

    with_factor(alice)
    client.post("/crates/tide/settings/owners/add", {"login": "bob"})
    assert crate.is_owned_by(bob)


def test_an_administrators_password_is_not_enough(client: Client, alice: User) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.set_password("right")
    alice.save()
    secret, _ = with_factor(alice)
    forget_used_codes()
    form = {"username": "alice", "password": "right", "next": "/admin/"}

    stopped = client.post("/admin/login/", form)
    before = client.get("/admin/")
    done = client.post("/second-factor", {"code": code_now(secret)})

    assert stopped["Location"] == "/second-factor"
    assert before["Location"].startswith("/admin/login/")
    assert done["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_administrator_without_a_factor_is_in_by_password(client: Client, alice: User) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.set_password("right")
    alice.save()

    form = client.get("/admin/login/?next=/admin/accounts/user/")
    wrong = client.post("/admin/login/", {"username": "alice", "password": "wrong"})
    done = client.post("/admin/login/", {"username": "alice", "password": "right"})

    assert 'name="password"' in form.content.decode()
    assert wrong.status_code == 200
    assert done["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_secret_that_does_not_open_fits_no_code() -> None:
    adapter = SealedFactors()

    assert adapter.decrypt(adapter.encrypt("ABCD")) == "ABCD"
    assert len(adapter.decrypt("nonsense")) == 32
    assert adapter.decrypt("nonsense") != adapter.decrypt("nonsense")
