import json
import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpResponse, UnreadablePostError
from django.test import Client, RequestFactory

from accounts.middleware import RefusalMiddleware
from accounts.models import User
from tests.cases import in_turn
from tests.factories.registry import make_crate
from tests.wire import refusal, send

pytestmark = [pytest.mark.django_db, pytest.mark.once]
OWNERS = "/api/v1/crates/foo/owners"
CONFIGS = "/api/v1/trusted_publishing/github_configs"
TOKENS = "/api/v1/trusted_publishing/tokens"
PREFLIGHT = "/api/v1/trusted_publishing/preflight"


@in_turn(
    "path",
    [
        "/api/",
        "/api/v1/nothing",
        "/api/v1/crates/",
        "/api/v1/crates/foo/1.0.0/unknown",
        "/api/v1/trusted_publishing/github_configs/abc",
        "/api/v1/%00",
        "/api/v1/%ff",
        "/api/../api/v1/nothing",
    ],
)
def test_an_unknown_route_is_a_404_in_the_shape(path: str) -> None:
    error = refusal(send("GET", path), 404)

    assert error["detail"] == "Not Found"


@in_turn(
    ("method", "path"),
    [
        ("POST", "/api/v1/crates"),
        ("POST", "/api/v1/crates/foo/owners"),
        ("GET", "/api/v1/crates/foo/1.0.0/yank"),
        ("PUT", "/api/v1/crates/foo/1.0.0/yank"),
        ("PUT", "/api/v1/crates/foo/1.0.0/download"),
        ("DELETE", "/api/v1/crates/foo/1.0.0/download"),
        ("PUT", TOKENS),
        ("PATCH", CONFIGS),
        ("BREW", "/api/v1/crates"),
    ],
)
def test_a_wrong_method_is_a_405_in_the_shape(
    alice: User, alice_token: str, method: str, path: str
) -> None:
    make_crate("foo", owner=alice)

    refusal(send(method, path, alice_token), 405)


@in_turn("body", [b"{", b"\xff\xfe", b'{"users": NaN}', b"[" * 100_000, b'{"a":' * 50_000])
def test_malformed_json_is_a_400(alice: User, alice_token: str, body: bytes) -> None:
    make_crate("foo", owner=alice)

    refusal(send("PUT", OWNERS, alice_token, body), 400)


@in_turn(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_a_415(alice: User, alice_token: str, content_type: str) -> None:
    make_crate("foo", owner=alice)

    answer = send("PUT", OWNERS, alice_token, {"users": ["bob"]}, content_type=content_type)

    refusal(answer, 415)


@in_turn(
    "body",
    [
        b"",
        [],
        None,
        "text",
        7,
        {},
        {"users": "bob"},
        {"users": None},
        {"users": {"bob": 1}},
        {"users": [7]},
        {"users": [None]},
        {"users": [["bob"]]},
        {"users": ["\ud800"]},
        {"users": ["bob\0"]},
        {"users": ["bob"], "more": "\ud800"},
    ],
)
def test_json_of_the_wrong_shape_is_a_422(alice: User, alice_token: str, body: Any) -> None:
    make_crate("foo", owner=alice)

    refusal(send("PUT", OWNERS, alice_token, body), 422)
    refusal(send("DELETE", OWNERS, alice_token, body), 422)


@in_turn(
    "body",
    [
        [],
        {},
        {"github_config": None},
        {"github_config": []},
        {"github_config": {}},
        {"github_config": {"crate": 7}},
        {"github_config": {"crate": "foo", "repository_owner": 7}},
        {"github_config": {"crate": "foo\0"}},
        {"github_config": {"crate": "foo", "environment": "\ud800"}},
    ],
)
def test_a_config_of_the_wrong_shape_is_a_422(alice_token: str, body: Any) -> None:
    refusal(send("POST", CONFIGS, alice_token, body), 422)


@pytest.mark.parametrize(("method", "path"), [("POST", CONFIGS), ("PUT", OWNERS)])
def test_a_body_beyond_the_limit_is_not_read(
    alice_token: str, settings: LazySettings, method: str, path: str
) -> None:
    body = json.dumps({"github_config": {"crate": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}})

    error = refusal(send(method, path, alice_token, body.encode()), 413)

    assert error["code"] == "body_too_large"


@in_turn(
    "name", ["%00", "a%00b", "%ff%fe", "é", "..", "%2e%2e", "a" * 65, "a" * 3000, "1abc", "a b"]
)
@in_turn("end", ["", "/1.0.0", "/owners", "/versions", "/1.0.0/download"])
def test_an_impossible_crate_name_is_a_404(name: str, end: str) -> None:
    refusal(send("GET", f"/api/v1/crates/{name}{end}"), 404)


@in_turn(
    "query",
    [
        "per_page=0",
        "per_page=101",
        "per_page=-1",
        "per_page=x",
        "per_page=1e3",
        "per_page=" + "9" * 5000,
        "page=0",
        "page=201",
        "page=٣",
        "q=%00",
    ],
)
def test_a_bad_query_string_is_a_400(query: str) -> None:
    refusal(send("GET", f"/api/v1/crates?{query}"), 400)


@in_turn(
    "query", ["q=" + "a" * 60_000, 'q="', "q=%25_%5C", "q=AND+OR+NEAR(", "q=*", "q=%ff", "sort=%00"]
)
def test_no_search_text_makes_it_fail(query: str) -> None:
    make_crate("foo", description='100% of C:\\ "quoted"')

    assert send("GET", f"/api/v1/crates?{query}").status_code in (200, 400)


@in_turn("accept", ["text/plain", "application/xml", "*/*;q=0", "garbage"])
def test_the_answer_is_json_whatever_is_asked_for(accept: str) -> None:
    answer = send("GET", "/api/v1/crates", Accept=accept)

    assert answer["Content-Type"] == "application/json"


def test_head_answers_like_get_without_a_body() -> None:
    assert send("HEAD", "/api/v1/crates").status_code == 200
    assert send("HEAD", "/api/v1/crates/nothing").status_code == 404


def test_the_api_may_be_read_from_any_origin() -> None:
    for path in ("/api/v1/crates", "/api/v1/nothing"):
        assert send("GET", path)["Access-Control-Allow-Origin"] == "*"


@in_turn("number", ["99999999999999999999", "9" * 400, "-1", "0"])
def test_a_number_that_no_row_can_have_is_a_404(alice_token: str, number: str) -> None:
    refusal(send("DELETE", f"{CONFIGS}/{number}", alice_token), 404)
    refusal(
        send("DELETE", f"/api/v1/trusted_publishing/pending_publishers/{number}", alice_token), 404
    )


def test_an_unexpected_failure_says_nothing_of_the_insides(
    alice_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.api.crates.search", _fail)

    error = refusal(send("GET", "/api/v1/crates?q=sea&page=1"), 500)

    assert error["detail"] == "Internal Server Error"


def _fail(*arguments: object, **more: object) -> None:
    raise RuntimeError("/var/lib/secret")


class StoppedBody:
    """What config.slow_bodies does with a body that stops coming."""

    error: type[OSError] = TimeoutError

    def read(self, size: int = -1) -> bytes:
        raise self.error

    readline = read


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/v1/crates/new"), ("PUT", "/api/v1/crates/tide/owners")],
)
def test_a_body_that_stops_coming_is_408(method: str, path: str, alice_token: str) -> None:
    client = Client(raise_request_exception=False, headers={"Authorization": alice_token})
    environ: dict[str, Any] = {"wsgi.input": StoppedBody()}

    answer = client.generic(method, path, b"{}", "application/json", **environ)

    assert refusal(answer, 408)["code"] == "request_timeout"


def test_a_body_that_no_thread_may_wait_for_is_503(alice_token: str) -> None:
    class NobodysBody(StoppedBody):
        error = BlockingIOError

    client = Client(raise_request_exception=False, headers={"Authorization": alice_token})
    environ: dict[str, Any] = {"wsgi.input": NobodysBody()}

    answer = client.generic("PUT", "/api/v1/crates/a/owners", b"{}", "application/json", **environ)

    assert refusal(answer, 503)["code"] == "server_busy"
    assert answer["Retry-After"]


def test_the_body_of_nobody_is_not_even_read() -> None:
    client = Client(raise_request_exception=False)
    document = client.get("/api/openapi.json").json()
    changes = [
        (method, re.sub(r"\{[^}]*\}", "1", path))
        for path, operations in document["paths"].items()
        for method in {"put", "post", "patch", "delete"} & set(operations)
        # Here the body is the credential, or may be.
        if (method, path) not in (("post", TOKENS), ("post", PREFLIGHT))
    ]
    assert len(changes) > 20

    for method, path in changes:
        environ: dict[str, Any] = {"wsgi.input": StoppedBody()}
        answer = client.generic(method.upper(), path, b"{}", "application/json", **environ)
        assert answer.status_code in (400, 401, 403, 404), (method, path, answer.content)


def test_a_form_that_stops_coming_is_a_page_that_says_so() -> None:
    request = RequestFactory().post("/settings/tokens")
    middleware = RefusalMiddleware(lambda request: HttpResponse())

    answer = middleware.process_exception(request, UnreadablePostError())

    assert answer is not None
    assert answer.status_code == 408
    assert b"came too slowly" in answer.content
