"""What the OpenAPI document says of an answer is all that the answer holds, and no more.

Every test that uses `tests.wire.send` holds what it gets against the document, too.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import JsonResponse
from django.test import Client

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Crate, Follow, Ownership, Team, VersionDownload
from tests import contract
from tests.cases import in_turn
from tests.factories.archives import build_crate, manifest_for
from tests.factories.downloads import days_ago
from tests.factories.registry import make_crate, make_dependency, make_version
from tests.factories.trustpub import make_publisher
from tests.wire import publish, send

TRUSTED = "trusted_publishing"
ANSWERS = [
    ("GET", "crates"),
    ("GET", "crates?page=1"),
    ("GET", "crates?q=tide"),
    ("GET", "crates/tide"),
    ("GET", "crates/tide?include="),
    ("PATCH", "crates/tide"),
    ("GET", "crates/tide/versions"),
    ("GET", "crates/tide/versions?include=release_tracks&per_page=1"),
    ("GET", "crates/tide/1.0.0"),
    ("PATCH", "crates/tide/1.0.0"),
    ("DELETE", "crates/tide/1.0.0/yank"),
    ("PUT", "crates/tide/1.0.0/unyank"),
    ("GET", "crates/tide/1.0.0/downloads"),
    ("GET", "crates/tide/downloads"),
    ("GET", "crates/tide/downloads?include=versions"),
    ("GET", "crates/moon/1.0.0"),
    ("GET", "crates/moon/1.0.0/dependencies"),
    ("GET", "crates/tide/1.0.0/authors"),
    ("GET", "crates/tide/reverse_dependencies"),
    ("GET", "crates/tide/owners"),
    ("GET", "crates/tide/owner_user"),
    ("GET", "crates/tide/owner_team"),
    ("PUT", "crates/tide/follow"),
    ("DELETE", "crates/tide/follow"),
    ("GET", "crates/tide/following"),
    ("GET", "keywords"),
    ("GET", "keywords/sea"),
    ("GET", "categories"),
    ("GET", "categories/science::bioinformatics"),
    ("GET", "category_slugs"),
    ("GET", "summary"),
    ("GET", "site_metadata"),
    ("GET", "me"),
    ("GET", "me/updates"),
    ("PUT", "me/email_notifications"),
    ("GET", "me/tokens"),
    ("PUT", "me/tokens"),
    ("DELETE", "me/tokens/1"),
    ("GET", "users/alice"),
    ("GET", "users/1/stats"),
    ("GET", "teams/github:rustaceans:core"),
    ("GET", f"{TRUSTED}/audience"),
    ("GET", f"{TRUSTED}/github_configs?crate=tide"),
    ("GET", f"{TRUSTED}/gitlab_configs?crate=tide"),
    ("GET", f"{TRUSTED}/pending_publishers"),
]
BODY = {"crate": {}, "version": {}, "api_token": {"name": "ci", "endpoint_scopes": ["yank"]}}
OPERATIONS = sorted(
    (method.upper(), path)
    for path, operations in contract.document()["paths"].items()
    for method in operations
)
MANIFEST = """\
keywords = ["sea"]
categories = ["science::geo"]

[features]
default = []
"""
HOSTILE_PARTS = ["%00", "%ff", "..%2f", "٣", "-1", "9" * 40, "a" * 300, "%0a", "💥"]
HOSTILE_QUERIES = ["", "%00", "-1", "9" * 40, "1.5", "n%C3%BC", "%ff", "W10", "x" * 2000]
HOSTILE_BODIES: list[object] = [
    b"",
    b"null",
    b"[]",
    b'"\\u0000"',
    b"{",
    b"\xff\xfe",
    b"[" * 20_000,
    b'{"a": NaN}',
    b"9" * 5000,
]
HOSTILE_VALUES: list[object] = [
    None,
    True,
    -1,
    10**30,
    "",
    "\0",
    "\ud800",
    "x" * 5000,
    [],
    ["\0"],
    {},
    "9999-12-31T23:59:59-23:59",
]


@pytest.fixture
def shore(alice: User) -> Client:
    """A registry with something of everything, and Alice's browser."""
    manifest = manifest_for("tide", "1.0.0", MANIFEST)
    token = create_token(user=alice, name="laptop").text
    publish(token, "tide", "1.0.0", crate=build_crate("tide", "1.0.0", manifest=manifest))
    tide = Crate.objects.get()
    version = tide.versions.get()
    Follow.objects.create(user=alice, crate=tide)
    moon = make_version(make_crate("moon"), provenance={})
    make_dependency(moon, "tide")
    team = Team.objects.create(login="github:rustaceans:core", github_id=7, organization_id=42)
    Ownership.objects.create(crate=tide, team=team, created_by=alice)
    VersionDownload.objects.create(version=version, date=days_ago(2), downloads=3)
    make_publisher(tide)
    browser = Client(raise_request_exception=False)
    browser.force_login(alice)
    return browser


@pytest.mark.queries
@in_turn(("method", "path"), ANSWERS)
def test_an_answer_is_as_described(shore: Client, method: str, path: str) -> None:
    body: Any = [] if path.endswith("email_notifications") else BODY

    answer = send(method, f"/api/v1/{path}", body=body, client=shore)

    assert contract.operation_of(method, f"/api/v1/{path}".partition("?")[0])
    assert answer.status_code == 200


@pytest.mark.queries
@pytest.mark.slow
@pytest.mark.timeout(300)
@in_turn(("method", "path"), OPERATIONS)
def test_nothing_hostile_breaks_an_operation(
    shore: Client, alice: User, method: str, path: str
) -> None:
    """`send` fails on an answer that is not described, as that of a crash is."""
    operation = contract.document()["paths"][path][method.lower()]
    token = create_token(user=alice, name="all").text
    skeleton = contract.example(operation)

    for number, address in enumerate(_addresses(path, operation)):
        client, credentials = (None, token) if number % 3 == 1 else (shore, None)
        answer = send(method, address, credentials, skeleton, client=client)
        list(answer)  # a file is closed at its end
        assert answer.status_code < 500, address
    for body in [*HOSTILE_BODIES, *_spoilt(skeleton)] if "requestBody" in operation else []:
        answer = send(method, _filled(path), body=body, client=shore)
        assert answer.status_code < 500, body


def test_it_is_a_valid_document_in_which_everything_is_said() -> None:
    # Half a second for each process that does not run this test.
    from openapi_spec_validator import validate

    document = contract.document()
    validate(document)

    every = [o for operations in document["paths"].values() for o in operations.values()]
    names = [operation["operationId"] for operation in every]
    assert sorted(names) == sorted(set(names))
    schemes = set(document["components"]["securitySchemes"])
    assert schemes == {"api_token", "cookie", "trustpub_token"}
    for operation in every:
        assert operation["summary"], operation["operationId"]
        assert len(operation["tags"]) == 1
        assert {name for needed in operation.get("security", []) for name in needed} <= schemes
        assert {"4XX", "5XX"} < set(operation["responses"])
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
    assert [name for name in document["components"]["schemas"] if name.endswith("Shape")] == []


def test_a_private_registry_asks_for_credentials_everywhere(
    settings: LazySettings, alice_token: str
) -> None:
    settings.AUTH_REQUIRED = True

    document = send("GET", "/api/openapi.json", alice_token).json()

    assert {} not in document["paths"]["/api/v1/crates"]["get"]["security"]
    assert document["paths"]["/api/v1/summary"]["get"]["security"]
    assert "security" not in document["paths"][f"/api/v1/{TRUSTED}/tokens"]["post"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ok": True, "more": 1}, 200),
        ({"ok": None}, 200),
        ({}, 200),
        ({"errors": []}, 201),
        ({"errors": [{"detail": "no"}]}, 403),
    ],
)
def test_an_answer_that_is_not_as_described_is_noticed(body: object, status: int) -> None:
    answer = JsonResponse(body, status=status)
    answer.json = lambda: body  # type: ignore[attr-defined]

    assert contract.problems_of("PUT", "/api/v1/crates/tide/follow", answer)


def _filled(path: str, **parts: str) -> str:
    known = {"name": "tide", "version": "1.0.0", "category": "science", "keyword": "sea"}
    known |= {"user": "alice", "team": "github:rustaceans:core", "email_token": "x", "id": "1"}
    for name, value in (known | parts).items():
        path = path.replace(f"{{{name}}}", value)
    return path.partition("{")[0] + "1" if "{" in path else path


def _addresses(path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield _filled(path)
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            yield from (_filled(path, **{name: value}) for value in HOSTILE_PARTS)
        else:
            yield from (f"{_filled(path)}?{name}={value}" for value in HOSTILE_QUERIES)


def _spoilt(value: object) -> Iterator[object]:
    """The body with each of its parts replaced."""
    if not isinstance(value, dict):
        yield from HOSTILE_VALUES
        return
    for key, inner in value.items():
        yield {other: kept for other, kept in value.items() if other != key}
        for spoilt in _spoilt(inner):
            yield {**value, key: spoilt}
