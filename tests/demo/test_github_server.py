import base64
import hashlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from adapters.github_alerts import check_signature
from demo.github_server import FakeGitHub

CALLBACK = "http://127.0.0.1:8000/callback"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        server.add_user("alice", 1, email="alice@example.com", name="Alice")
        server.add_user("bob", 2, email="bob@example.com", verified=False)
        server.add_repository("alice", "tool", 10)
        server.add_repository("alice", "hidden", 11, private=True)
        yield server


class Answer:
    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status = status
        self.location = headers.get("location", "")
        self.query = {
            key: values[0] for key, values in parse_qs(self.location.partition("?")[2]).items()
        }
        self.text = content.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(
    url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if form is None:
        connection.request("GET", target, headers=headers or {})
    else:
        connection.request("POST", target, urlencode(form), headers or {})
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    answer = Answer(response.status, found, response.read())
    connection.close()
    return answer


def authorize_url(github: FakeGitHub, **more: str) -> str:
    query = {
        "client_id": github.client_id,
        "redirect_uri": CALLBACK,
        "scope": "user:email",
        "state": "xyz",
        **more,
    }
    return f"{github.url}/login/oauth/authorize?{urlencode(query)}"


def redeem(github: FakeGitHub, code: str, **more: str) -> Answer:
    form = {
        "client_id": github.client_id,
        "client_secret": github.client_secret,
        "code": code,
        "redirect_uri": CALLBACK,
        **more,
    }
    url = f"{github.url}/login/oauth/access_token"
    return ask(url, form, {"Accept": "application/json"})


def sign_in(github: FakeGitHub, **more: str) -> str:
    code = ask(authorize_url(github, **more)).query["code"]
    return str(redeem(github, code).json["access_token"])


def test_signing_in_leads_to_the_account_and_its_addresses(github: FakeGitHub) -> None:
    back = ask(authorize_url(github))
    headers = {"Authorization": f"token {redeem(github, back.query['code']).json['access_token']}"}
    me = ask(f"{github.url}/api/v3/user", headers=headers)
    emails = ask(f"{github.api_url}/user/emails", headers=headers)

    assert back.status == 302
    assert back.location.startswith(f"{CALLBACK}?code=")
    assert back.query["state"] == "xyz"
    assert (me.json["id"], me.json["login"], me.json["name"]) == (1, "alice", "Alice")
    assert me.json["html_url"] == f"{github.url}/alice"
    assert me.json["email"] is None
    assert emails.json == [
        {
            "email": "alice@example.com",
            "primary": True,
            "verified": True,
            "visibility": "private",
        }
    ]


def test_another_person_may_sit_at_the_browser(github: FakeGitHub) -> None:
    github.sign_in_as("bob")

    headers = {"Authorization": f"Bearer {sign_in(github)}"}

    assert ask(f"{github.api_url}/user", headers=headers).json["login"] == "bob"
    assert ask(f"{github.api_url}/user/emails", headers=headers).json[0]["verified"] is False


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_it_asks_for_consent_where_told_to(github: FakeGitHub, decision: str) -> None:
    github.ask_consent = True
    page = ask(authorize_url(github))

    back = ask(authorize_url(github), {"decision": decision})

    assert page.status == 200
    assert "<strong>alice</strong>" in page.text
    assert back.status == 302
    assert back.query["state"] == "xyz"
    assert back.query.get("error") == ("access_denied" if decision == "deny" else None)
    assert ("code" in back.query) == (decision == "approve")


def test_a_foreign_client_finds_no_page(github: FakeGitHub) -> None:
    assert ask(authorize_url(github, client_id="other")).status == 404


def test_a_code_works_once(github: FakeGitHub) -> None:
    code = ask(authorize_url(github)).query["code"]

    first, second = redeem(github, code), redeem(github, code)

    assert first.json["token_type"] == "bearer"
    assert (second.status, second.json["error"]) == (200, "bad_verification_code")


def test_a_wrong_secret_brings_no_token(github: FakeGitHub) -> None:
    code = ask(authorize_url(github)).query["code"]

    answer = redeem(github, code, client_secret="wrong")

    assert (answer.status, answer.json["error"]) == (200, "incorrect_client_credentials")


def test_another_redirect_address_brings_no_token(github: FakeGitHub) -> None:
    code = ask(authorize_url(github)).query["code"]

    assert redeem(github, code, redirect_uri="http://x/").json["error"] == "redirect_uri_mismatch"


@pytest.mark.parametrize(("verifier", "accepted"), [("v" * 43, True), ("w" * 43, False)])
def test_a_challenge_needs_its_verifier(github: FakeGitHub, verifier: str, accepted: bool) -> None:
    digest = hashlib.sha256(b"v" * 43).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    code = ask(authorize_url(github, code_challenge=challenge)).query["code"]

    answer = redeem(github, code, code_verifier=verifier)

    assert ("access_token" in answer.json) == accepted


def test_it_answers_a_form_unless_asked_for_json(github: FakeGitHub) -> None:
    form = {
        "client_id": github.client_id,
        "client_secret": github.client_secret,
        "code": ask(authorize_url(github)).query["code"],
    }

    answer = ask(f"{github.url}/login/oauth/access_token", form)

    assert set(parse_qs(answer.text)) == {"access_token", "scope", "token_type"}


def test_addresses_need_their_scope(github: FakeGitHub) -> None:
    token = sign_in(github, scope="read:org")

    answer = ask(f"{github.api_url}/user/emails", headers={"Authorization": f"Bearer {token}"})

    assert answer.status == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer gho_wrong"}])
def test_only_a_token_says_who_one_is(github: FakeGitHub, headers: dict[str, str]) -> None:
    answer = ask(f"{github.api_url}/user", headers=headers)

    assert answer.status == 401
    assert set(answer.json) == {"message", "documentation_url", "status"}


def test_both_bases_answer_the_api(github: FakeGitHub) -> None:
    below_prefix = ask(f"{github.url}/api/v3/repos/Alice/Tool").json
    on_its_own = ask(f"{github.api_url}/repos/alice/tool").json

    assert below_prefix["id"] == on_its_own["id"] == 10
    assert below_prefix["full_name"] == "alice/tool"
    assert below_prefix["owner"]["id"] == 1
    assert below_prefix["visibility"] == "public"
    assert ask(f"{github.url}/repos/alice/tool").status == 404


def test_private_and_unknown_ones_look_alike(github: FakeGitHub) -> None:
    answers = [ask(f"{github.api_url}/repos/alice/{name}") for name in ("hidden", "unknown")]

    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].json == answers[1].json


def test_a_rename_redirects_repositories_and_frees_the_login(github: FakeGitHub) -> None:
    github.rename_user("alice", "alicia")
    moved = ask(f"{github.api_url}/repos/alice/tool")

    assert ask(f"{github.api_url}/users/alice").status == 404
    assert ask(f"{github.api_url}/users/alicia").json["id"] == 1
    assert moved.status == 301
    assert ask(moved.location).json["full_name"] == "alicia/tool"


def test_a_new_owner_of_a_name_has_another_number(github: FakeGitHub) -> None:
    github.rename_user("alice", "alicia")
    github.add_user("alice", 3)
    github.add_repository("alice", "tool", 30)

    assert ask(f"{github.api_url}/repos/alice/tool").json["id"] == 30
    assert ask(f"{github.api_url}/users/alice").json["id"] == 3


def test_a_renamed_repository_keeps_its_number(github: FakeGitHub) -> None:
    github.rename_repository("alice/tool", "kit")

    assert ask(f"{github.api_url}/repos/alice/kit").json["id"] == 10
    assert ask(f"{github.api_url}/repos/alice/tool").status == 301


def test_it_counts_requests(github: FakeGitHub) -> None:
    ask(f"{github.url}/api/v3/users/alice")
    ask(f"{github.api_url}/users/alice?x=y")

    assert github.requests == {"GET /users/alice": 2}


def team_asked_by(github: FakeGitHub, login: str, scope: str = "read:org") -> int:
    account = github.world.account(login)
    assert account
    headers = {"Authorization": f"Bearer {github.oauth.issue(account, scope)}"}
    return ask(f"{github.api_url}/orgs/octo/teams/core", headers=headers).status


def test_a_team_is_for_those_who_may_see_it(github: FakeGitHub) -> None:
    github.add_user("octo", 42, kind="Organization")
    team = github.add_team("octo", "core", 7, ["alice"])
    assert (team_asked_by(github, "alice"), team_asked_by(github, "bob")) == (200, 404)

    github.add_member("octo", "bob")
    assert team_asked_by(github, "bob") == 200
    team.secret = True
    assert (team_asked_by(github, "alice"), team_asked_by(github, "bob")) == (200, 404)


def test_teams_need_a_token_its_scope_and_the_approval_of_the_organization(
    github: FakeGitHub,
) -> None:
    github.add_user("octo", 42, kind="Organization")
    github.add_team("octo", "core", 7, ["alice"])

    assert ask(f"{github.api_url}/orgs/octo/teams/core").status == 401
    assert team_asked_by(github, "alice", "user:email") == 403
    github.world.restricted.add(42)
    assert team_asked_by(github, "alice") == 403


def test_it_lists_the_keys_that_sign_its_alerts(github: FakeGitHub) -> None:
    former, current = github.scanning.current, github.scanning.rotate()

    listed = ask(f"{github.api_url}/meta/public_keys/secret_scanning").json["public_keys"]

    assert [(key["key_identifier"], key["is_current"]) for key in listed] == [
        (former.identifier, False),
        (current.identifier, True),
    ]
    body, headers = github.scanning.alert([])
    check_signature(listed[1]["key"], headers["GitHub-Public-Key-Signature"], body)
