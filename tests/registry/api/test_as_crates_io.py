"""What crates.io's own tests ask, as its clients do: statuses, sentences, and the form of answers.

Each test walks through many small cases; what belongs to one endpoint alone is told beside it.
"""

import json
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Crate
from tests.factories.archives import build_crate, manifest_for, metadata_for
from tests.factories.registry import make_crate, make_version
from tests.wire import publish, put_frame, send

API = "/api/v1"
SEEN = tuple[str, str, object, int, str]
NO_CRATE = "crate `gone` does not exist"
NEEDS_LOGIN = "this action requires authentication"
LACKS = "this token does not have the required permissions to perform this action"
LAST_OWNER = "cannot remove all individual owners of a crate. "


def check(cases: Iterable[SEEN], token: str | None = None, client: Client | None = None) -> None:
    """Method, path, body, status and how the sentence begins; reports all that differ."""
    different = []
    for method, path, body, status, start in cases:
        answer = send(method, f"{API}/{path}", token, body, client=client)
        detail = ""
        if answer.status_code >= 400 and method != "HEAD":
            assert answer["Content-Type"] == "application/json"
            [error] = answer.json()["errors"]
            detail = error["detail"]
        if answer.status_code != status or not detail.startswith(start):
            different.append((method, path, answer.status_code, detail))
    assert different == []


@pytest.fixture
def tide(alice: User, alice_token: str) -> Crate:
    publish(alice_token, "tide_pool", "1.0.0")
    publish(alice_token, "tide_pool", "0.5.0")
    return Crate.objects.get()


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


def scoped(user: User, *scopes: str, patterns: list[str] | None = None) -> str:
    return create_token(user=user, name="ci", scopes=list(scopes), patterns=patterns).text


def test_what_is_not_there(tide: Crate, alice_token: str, browser: Client) -> None:
    reads = ["", "/1.0.0", "/versions", "/downloads", "/owners", "/owner_user", "/owner_team"]
    reads += ["/reverse_dependencies", "/1.0.0/dependencies", "/1.0.0/downloads"]
    reads += ["/1.0.0/authors", "/1.0.0/readme", "/1.0.0/download"]
    check(("GET", f"crates/gone{read}", b"", 404, NO_CRATE) for read in reads)
    check(("GET", f"crates/a%00b{read}", b"", 404, "crate `a\0b` does not exist") for read in reads)
    absent = "crate `tide_pool` does not have a version `9.9.9`"
    check(("GET", f"crates/Tide-Pool/9.9.9{r[6:]}", b"", 404, absent) for r in reads[8:])
    check(("GET", f"crates/tide_pool/one{r[6:]}", b"", 400, "Invalid URL: ") for r in reads[8:])
    writes: list[SEEN] = [
        ("PUT", "crates/gone/follow", b"", 404, NO_CRATE),
        ("DELETE", "crates/gone/follow", b"", 404, NO_CRATE),
        ("DELETE", "crates/gone/1.0.0/yank", b"", 404, NO_CRATE),
        ("PUT", "crates/tide_pool/9.9.9/unyank", b"", 404, absent),
        ("DELETE", "crates/tide_pool/1.0/yank", b"", 400, "Invalid URL: "),
        ("PATCH", "crates/tide_pool/1.0", {"version": {}}, 400, "Invalid URL: "),
        ("PUT", "crates/gone/owners", {"owners": ["bob"]}, 404, NO_CRATE),
        ("DELETE", "crates/gone/owners", {"users": ["bob"]}, 404, NO_CRATE),
        ("GET", "me/tokens/10086", b"", 404, "Not Found"),
    ]
    check(writes, alice_token)
    check([("PATCH", "crates/gone", {"crate": {}}, 404, NO_CRATE)], client=browser)
    check([("DELETE", "crates/gone", b"", 404, NO_CRATE)], client=browser)
    for path in ("does-not-exist", "crates/", "crates/tide_pool/", "users/nobody", "keywords/x"):
        check([("GET", path, b"", 404, "Not Found"), ("HEAD", path, b"", 404, "")])
    for path in ("keywords/a%00b", "categories/a%00b", "users/a%00b", "teams/github:a:b"):
        check([("GET", path, b"", 404, "Not Found")])


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/xml", "image/png;q=0.5", "?"])
def test_every_answer_is_json_whatever_is_accepted(tide: Crate, accept: str) -> None:
    for path, status in (("crates/tide_pool?format=xml", 200), ("crates/gone", 404), ("x", 404)):
        answer = send("GET", f"{API}/{path}", Accept=accept)

        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")


def test_a_wrong_method_is_told_in_json(tide: Crate) -> None:
    check(
        (method, path, b"", 405, f'Method "{method}" not allowed')
        for method, path in (
            ("POST", "crates"),
            ("DELETE", "crates"),
            ("PUT", "crates/tide_pool"),
            ("POST", "crates/tide_pool/owners"),
            ("GET", "crates/tide_pool/1.0.0/yank"),
            ("POST", "crates/tide_pool/1.0.0/download"),
            ("PATCH", "crates/tide_pool/1.0.0/readme"),
            ("GET", "trusted_publishing/tokens"),
            ("POST", "summary"),
        )
    )
    strict = Client(enforce_csrf_checks=True)
    for path in ("/api/v1/crates/tide_pool/1.0.0/download", "/api/openapi.json"):
        assert send("POST", path, client=strict).status_code == 405


def test_head_works_wherever_get_does(tide: Crate) -> None:
    for path in ("summary", "crates", "crates/tide_pool", "crates/tide_pool/1.0.0/readme"):
        answer = send("HEAD", f"{API}/{path}")

        assert answer.status_code in (200, 302)
        assert answer.content == b""


def test_bodies_that_cannot_be_read(alice: User, tide: Crate, browser: Client) -> None:
    parse, shape = "Failed to parse the request body as JSON: ", "Failed to deserialize the JSON"
    for method, path, wrong in (
        ("PUT", "crates/tide_pool/owners", {"owners": "bob"}),
        ("DELETE", "crates/tide_pool/owners", {"owner": ["bob"]}),
        ("PUT", f"users/{alice.pk}", {"email": "a@example.com"}),
        ("PUT", f"users/{alice.pk}", {"user": {"email": 1}}),
        ("PUT", "me/tokens", {"name": ""}),
        ("PUT", "me/tokens", {"api_token": {"name": "x", "expired_at": "soon"}}),
        ("PUT", "me/email_notifications", {}),
        ("PATCH", "crates/tide_pool", {"crate": {"trustpub_only": "yes"}}),
        ("PATCH", "crates/tide_pool/1.0.0", {"version": {"yanked": 1}}),
    ):
        check([(method, path, wrong, 422, shape)], client=browser)
        check([(method, path, b'{"owners": ["a", }', 400, parse)], client=browser)
        answer = send(method, f"{API}/{path}", body=wrong, content_type="a/b", client=browser)
        assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (
            415,
            "Expected request with `Content-Type: application/json`",
        )


@pytest.mark.parametrize("page", ["", "0", "1.0", "x", "-1", "9" * 30, "%D9%A3"])
def test_pages_are_numbers(tide: Crate, browser: Client, page: str) -> None:
    for path in ("crates", "keywords", "categories", "crates/tide_pool/reverse_dependencies"):
        for name in ("page", "per_page"):
            start = f"Failed to deserialize query string: {name}: "
            check([("GET", f"{path}?{name}={page}", b"", 400, start)])
    start = "Failed to deserialize query string: page: "
    check([("GET", f"me/updates?page={page}", b"", 400, start)], client=browser)


def test_what_lists_do_not_offer(tide: Crate, browser: Client) -> None:
    both = "providing both ?page= and ?seek= is unsupported"
    for path in ("crates?", "keywords?", "crates/tide_pool/reverse_dependencies?"):
        check([("GET", f"{path}page=1&seek=OTg", b"", 400, both)])
        check([("GET", f"{path}per_page=101", b"", 400, "cannot request more than 100 items")])
    for path in ("crates", "crates/tide_pool/reverse_dependencies"):
        too_far = "Page 201 is unavailable for performance reasons"
        check([("GET", f"{path}?page=201", b"", 400, too_far)])
    configs = "trusted_publishing/github_configs?crate=tide_pool"
    for path in ("crates/tide_pool/versions?per_page=1", configs):
        no_page = "?page= is not supported for this request"
        check([("GET", f"{path}&page=1", b"", 400, no_page)], client=browser)
        broken = "invalid seek parameter"
        check([("GET", f"{path}&seek=broken", b"", 400, broken)], client=browser)
    for path in ("keywords", "categories", "crates/tide_pool/reverse_dependencies"):
        no_seek = "?seek= is not supported for this request"
        check([("GET", f"{path}?seek=OTg", b"", 400, no_seek)])


def test_who_may_do_what(
    alice: User, alice_token: str, bob: User, bob_token: str, tide: Crate, browser: Client
) -> None:
    owners: dict[str, Any] = {"owners": ["bob"]}
    for who in (None, "not-a-cookie"):
        client = Client(raise_request_exception=False)
        client.cookies["sessionid"] = who or ""
        check(
            (
                (method, path, body, 403, NEEDS_LOGIN)
                for method, path, body in (
                    ("GET", "me", b""),
                    ("GET", "me/updates", b""),
                    ("GET", "me/tokens", b""),
                    ("GET", "me/tokens/1", b""),
                    ("DELETE", "tokens/current", b""),
                    ("PUT", f"users/{alice.pk}", {"user": {}}),
                    ("PUT", f"users/{alice.pk}/resend", b""),
                    ("PUT", "crates/tide_pool/owners", owners),
                    ("DELETE", "crates/tide_pool/1.0.0/yank", b""),
                    ("PATCH", "crates/tide_pool/1.0.0", {"version": {}}),
                    ("PATCH", "crates/tide_pool", {"crate": {}}),
                    ("DELETE", "crates/tide_pool", b""),
                    ("PUT", "crates/tide_pool/follow", b""),
                    ("GET", "crates/tide_pool/following", b""),
                    ("GET", "crates?following=1", b""),
                    ("GET", "trusted_publishing/github_configs?crate=tide_pool", b""),
                )
            ),
            client=client,
        )
    check(
        [
            ("DELETE", "crates/tide_pool/1.0.0/yank", b"", 403, "must already be an owner to yank"),
            (
                "PUT",
                "crates/tide_pool/owners",
                owners,
                403,
                "only owners have permission to modify",
            ),
            ("PUT", f"users/{alice.pk}", {"user": {}}, 400, "current user does not match"),
            ("PUT", f"users/{alice.pk}/resend", b"", 400, "current user does not match"),
        ],
        bob_token,
    )
    check(
        [
            ("GET", "me/tokens", b"", 403, "this action can only be performed"),
            ("GET", "me/updates", b"", 403, "this action can only be performed"),
            ("GET", "crates/tide_pool/following", b"", 403, "this action can only be performed"),
            ("DELETE", "crates/tide_pool", b"", 403, "this action can only be performed"),
            ("PUT", "me/tokens", {"api_token": {"name": "x"}}, 400, "cannot use an API token to"),
            ("PATCH", "crates/tide_pool", {"crate": {}}, 403, "This endpoint cannot be used with"),
        ],
        alice_token,
    )
    for token in (scoped(alice, "publish-update"), scoped(alice, "yank", patterns=["moon*"])):
        check(
            [
                ("DELETE", "crates/tide_pool/1.0.0/yank", b"", 403, LACKS),
                ("PUT", "crates/tide_pool/owners", owners, 403, LACKS),
                ("PUT", "crates/tide_pool/follow", b"", 403, LACKS),
                ("DELETE", "tokens/current", b"", 403, LACKS),
            ],
            token,
        )
    check([("DELETE", "tokens/current", b"", 400, "token not provided")], client=browser)
    check([("DELETE", "tokens/current", b"", 204, "")], alice_token)
    check([("GET", "me", b"", 403, "authentication failed")], alice_token)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil"])
def test_pages_of_other_sites_do_not_act_with_a_persons_credentials(
    alice_token: str, browser: Client, origin: str
) -> None:
    for token, client in ((alice_token, None), (None, browser)):
        answer = send("GET", f"{API}/me", token, client=client, Origin=origin)

        assert answer.status_code == 403
        assert answer.json()["errors"][0]["detail"] == "invalid origin header"
    assert send("GET", f"{API}/me", alice_token, Origin="http://testserver").status_code == 200
    assert send("GET", f"{API}/summary", Origin=origin).status_code == 200


def test_yanking_back_and_forth(alice_token: str, tide: Crate) -> None:
    path = "crates/tide_pool/1.0.0"
    reason = {"version": {"yank_message": "old"}}
    check(
        [
            ("PATCH", path, reason, 400, "Cannot update yank message for a version that is not"),
            ("DELETE", f"{path}/yank", b"", 200, ""),
            ("DELETE", f"{path}/yank", b"", 200, ""),
            ("PATCH", path, reason, 200, ""),
            ("PATCH", path, {"version": {"yanked": False, "yank_message": "x"}}, 400, "Cannot set"),
            ("PUT", f"{path}/unyank", b"", 200, ""),
            ("PATCH", path, {"version": {}}, 200, ""),
            ("PATCH", path, {"version": {"yanked": True, "yank_message": None}}, 200, ""),
        ],
        alice_token,
    )

    version = send("GET", f"{API}/{path}").json()["version"]
    assert (version["yanked"], version["yank_message"]) == (True, None)
    actions = [action["action"] for action in version["audit_actions"]]
    # A new reason counts as yanking again.
    assert actions == ["publish", "yank", "yank", "unyank", "yank"]


def test_owners_that_cannot_be(alice_token: str, tide: Crate) -> None:
    path = "crates/tide_pool/owners"
    nobody = "could not find owner with login `nobody`"
    check(
        [
            ("PUT", path, {"owners": ["nobody"]}, 400, "could not find user with login `nobody`"),
            ("PUT", path, {"owners": ["alice"]}, 400, "`alice` is already an owner"),
            ("PUT", path, {"users": ["x:a:b"]}, 400, "unknown organization handler, only 'github"),
            ("PUT", path, {"owners": ["github:a"]}, 400, "missing github team argument; format is"),
            ("PUT", path, {"owners": ["github:a/b:c"]}, 400, "organization cannot contain special"),
            ("PUT", path, {"owners": [f"u{n}" for n in range(11)]}, 400, "too many "),
            ("DELETE", path, {"owners": ["nobody"]}, 400, nobody),
            ("DELETE", path, {"users": ["alice"]}, 400, LAST_OWNER),
        ],
        alice_token,
    )


def test_the_callers_account(alice: User, browser: Client) -> None:
    path = f"users/{alice.pk}"
    check(
        [
            ("PUT", path, {"user": {}}, 200, ""),
            ("PUT", path, {"user": {"email": None, "publish_notifications": None}}, 200, ""),
            ("PUT", path, {"user": {"email": " "}}, 400, "empty email rejected"),
            ("PUT", path, {"user": {"email": "foo"}}, 400, "invalid email address"),
            ("PUT", "confirm/unknown", b"", 400, "Email belonging to token not found."),
            ("PUT", "me/email_notifications", [], 200, ""),
            ("PUT", "me/tokens", {"api_token": {"name": ""}}, 400, "name must have a value"),
            ("GET", "me/tokens?expired_days=x", b"", 400, "Failed to deserialize query string"),
            ("GET", f"me/tokens?expired_days=-{'9' * 17}", b"", 200, ""),
            ("DELETE", "me/tokens/5000000", b"", 200, ""),
        ],
        client=browser,
    )
    for key, name in (("endpoint_scopes", "endpoint scope"), ("crate_scopes", "crate scope")):
        body = {"api_token": {"name": "x", key: ["?"]}}
        check([("PUT", "me/tokens", body, 400, f"invalid {name}")], client=browser)
    shown = send("GET", f"{API}/me", client=browser)
    assert shown["Cache-Control"] == "no-store"
    assert "github_username_matches" not in shown.json()["user"]


def test_publishes_that_are_refused(alice_token: str, bob_token: str, tide: Crate) -> None:
    for token, name, version, extra, start in (
        (alice_token, "tide_pool", "1.0.0", "", "crate version `1.0.0` is already uploaded"),
        (alice_token, "tide_pool", "1.0.0+a", "", "crate version `1.0.0` is already uploaded"),
        (alice_token, "tide-pool", "2.0.0", "", "crate was previously named `tide_pool`"),
        (alice_token, "TIDE_POOL", "2.0.0", "", "crate was previously named `tide_pool`"),
        (bob_token, "tide_pool", "2.0.0", "", "this crate exists but you don't seem to be an"),
        (alice_token, "std", "1.0.0", "", "cannot upload a crate with a reserved name"),
        (alice_token, "moon", "1.0.0", '[dependencies]\ngone = "1"\n', "no known crate named"),
        (alice_token, "moon", "1.0.0", '[dependencies]\ngone = "*"\n', "wildcard (`*`)"),
        (alice_token, "moon", "1.0.0", 'homepage = "x:y"\n', "URL for field `homepage` must begin"),
        (alice_token, "moon", "1.0.0", 'keywords = ["?"]\n', '"?" is an invalid keyword'),
        (alice_token, "moon", "1.0.0", 'categories = ["x"]\n', "The following category slugs are"),
        (alice_token, "moon", "1.0.0", "keywords = [1]\n", "failed to parse `Cargo.toml`"),
        (alice_token, "moon", "1.0.0", '[features]\n"~" = []\n', ""),
    ):
        packed = build_crate(name, version, manifest=manifest_for(name, version, extra))
        answer = publish(token, name, version, crate=packed)
        detail = answer.json()["errors"][0]["detail"]
        assert answer.status_code in (400, 403), (name, extra)
        assert detail.startswith(start), detail


@pytest.mark.parametrize(
    ("body", "start"),
    [
        (b"\1", "invalid metadata length"),
        (struct.pack("<I", 99) + b"{}", "invalid metadata length for remaining payload: 99"),
        (struct.pack("<I", 2) + b"{x" + bytes(4), "invalid upload request: "),
        (struct.pack("<I", 2) + b"{}" + bytes(4), "invalid upload request: "),
    ],
)
def test_frames_that_cannot_be_read(alice_token: str, body: bytes, start: str) -> None:
    answer = put_frame(alice_token, body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith(start)


@pytest.mark.parametrize(
    ("name", "version", "start"),
    [
        ("", "1.0.0", ""),
        ("0moon", "1.0.0", ""),
        ("mo on", "1.0.0", "invalid character"),
        ("m" * 65, "1.0.0", ""),
        ("moon", "1", '"1" is an invalid semver version'),
        ("moon", "1.0.0-" + "a" * 150, "the version number is too long"),
    ],
)
def test_names_and_numbers_that_cannot_be(
    alice_token: str, name: str, version: str, start: str
) -> None:
    text = json.dumps(metadata_for(name, version)).encode()

    answer = put_frame(alice_token, struct.pack("<I", len(text)) + text + bytes(4))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith(start)


def test_ids_below_zero_find_nothing(tide: Crate) -> None:
    for query in ("user_id=-1", "user_id=0", "team_id=-5", f"user_id={'9' * 18}"):
        found = send("GET", f"{API}/crates?{query}").json()

        assert (found["crates"], found["meta"]["total"]) == ([], 0)


@pytest.mark.django_db
def test_links_keep_what_was_asked_for() -> None:
    for name in ("sea", "lake", "pond"):
        make_version(make_crate(name))

    query = "ids[]=sea&ids[]=lake&ids[]=sea&ids[]=unknown&ids[]=pond&per_page=1"
    meta = send("GET", f"{API}/crates?{query}&page=2").json()["meta"]

    kept = "?" + "&".join(f"ids%5B%5D={name}" for name in ("sea", "lake", "sea", "unknown", "pond"))
    assert meta == {
        "total": 3,
        "next_page": f"{kept}&per_page=1&page=3",
        "prev_page": f"{kept}&per_page=1&page=1",
    }
