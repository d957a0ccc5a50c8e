"""What the tables hold cannot be turned back into what opens something."""

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import BrowserSession, GitHubToken, User
from accounts.operations.people import Shell, create_user
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from tests.accounts.pages.test_github_sign_in import github, sign_in
from tests.ci import exchange, id_token, let_publish, trusted
from tests.codes import code_now
from tests.factories.id_tokens import signing_key
from tests.factories.registry import make_crate

pytestmark = pytest.mark.django_db

__all__ = ["github"]


@pytest.mark.usefixtures("standing_clock")
def test_after_a_whole_journey_no_table_holds_a_secret(
    client: Client,
    github: FakeGitHub,
    settings: Settings,
    django_capture_on_commit_callbacks: Any,
) -> None:
    secrets: dict[str, str] = {}

    # Alice signs in, proves who she is again, and is given cookies each time.
    sign_in(client)
    secrets["cookie"] = client.cookies["sessionid"].value
    settings.DEV_LOGIN = True
    client.post("/confirm-identity")
    secrets["cookie after the proof"] = client.cookies["sessionid"].value
    alice = User.objects.get()
    secrets["GitHub token"] = GitHubToken.text_of(alice) or ""

    # She makes a token, makes it anew, and one over the API.
    form = {"name": "laptop", "scopes": ["publish-update"], "patterns": "", "expiry": "90"}
    secrets["token"] = client.post("/settings/tokens/new", form).context["text"]
    number = alice.api_tokens.get().pk
    anew = client.post(f"/settings/tokens/{number}/regenerate")
    secrets["token made anew"] = anew.context["text"]
    made = client.put(
        "/api/v1/me/tokens",
        {"api_token": {"name": "script"}},
        content_type="application/json",
    )
    secrets["token of the API"] = made.json()["api_token"]["token"]
    client.get("/api/v1/me", headers={"authorization": secrets["token of the API"]})

    # A CI job publishes her crate and is told its token; she invites Bob by a letter.
    crate = make_crate("tide", owner=alice)
    with LocalIssuer(key=signing_key()) as ci:
        let_publish(crate, alice, trusted(ci))
        secrets["ID token"] = id_token(ci)
        granted = exchange(secrets["ID token"])
    secrets["publish token"] = granted.json()["token"]
    with django_capture_on_commit_callbacks(execute=True):
        create_user(actor=Shell("tests"), login="bob", email="bob@example.org")
        client.post("/crates/tide/settings/owners/add", {"login": "bob"})
    invitation = re.search(r"/accept-invite/(\w+)", str(mail.outbox[-1].body))
    secrets["invitation"] = invitation[1] if invitation else ""

    # She changes her address, and the letter has a link.
    with django_capture_on_commit_callbacks(execute=True):
        client.put(
            f"/api/v1/users/{alice.pk}",
            {"user": {"email": "new@example.org"}},
            content_type="application/json",
        )
    letters = "".join(str(letter.body) for letter in mail.outbox)
    link = re.search(r"/confirm/(\w+)", letters)
    secrets["link"] = link[1] if link else ""

    # She sets up a second factor.
    setup = client.get("/settings/second-factor/add")
    secrets["key of the app"] = "".join(setup.context["groups"])
    code = code_now(secrets["key of the app"])
    sealed = setup.context["sealed"]
    spare = client.post("/settings/second-factor/add", {"sealed": sealed, "code": code})
    recovery_codes = spare.context["codes"].split()

    # An administrator has a password.
    secrets["password"] = "correct horse battery staple"
    alice.set_password(secrets["password"])
    alice.save()

    assert Authenticator.objects.count() == 2
    assert len(recovery_codes) == 10
    assert all(len(secret) > 20 for secret in secrets.values()), secrets
    tables = everything()
    assert "laptop" in tables
    assert [name for name, secret in secrets.items() if secret in tables] == []
    words = set(re.findall(r"\w+", tables))
    assert words.isdisjoint(recovery_codes)


def everything() -> str:
    """Every row of every table, and what sessions hold in the clear."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found.extend(str(row) for row in cursor.fetchall())
    found.extend(json.dumps(row.get_decoded()) for row in BrowserSession.objects.all())
    return "\n".join(found)
