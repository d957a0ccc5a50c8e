"""What is answered before sessions and pages are thought of is what the usual way answers."""

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from tests.ci import TOKENS
from tests.factories.registry import make_crate, make_version
from tests.wire import NEW

GARBAGE = '{"jwt": "eyJhIjoxfQ.eyJhIjoxfQ.AAAA"}'
NUMBER = "X-Request-Id"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TOKENS, GARBAGE, 400),
        ("GET", "/api/v1/crates/tide", "", 200),
        ("PUT", NEW, GARBAGE, 403),
        ("PUT", NEW, "", 411),
    ],
)
def test_both_ways_answer_the_same(
    settings: LazySettings, alice: User, method: str, path: str, body: str, status: int
) -> None:
    make_version(make_crate("tide", owner=alice), "0.1.0", published_by=alice)

    short = Client().generic(method, path, body, content_type="application/json")
    settings.SHORTCUTS = ()
    usual = Client().generic(method, path, body, content_type="application/json")

    assert short.wsgi_request.resolver_match is None
    assert usual.wsgi_request.resolver_match is not None
    assert short.status_code == usual.status_code == status
    assert {**short.headers, NUMBER: ""} == {**usual.headers, NUMBER: ""}
    contents = [a.content.replace(a[NUMBER].encode(), b"") for a in (short, usual)]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("judging", ["READ_ONLY", "AUTH_REQUIRED", "LOG_REQUESTS"])
def test_who_judges_requests_is_not_passed_by(
    settings: LazySettings, db: None, judging: str
) -> None:
    setattr(settings, judging, True)

    answer = Client().generic("POST", TOKENS, GARBAGE, content_type="application/json")

    assert answer.status_code == (503 if judging == "READ_ONLY" else 400)
    assert (answer.wsgi_request.resolver_match is None) == (judging == "READ_ONLY")
