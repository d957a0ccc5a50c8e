"""What the OpenAPI document says of an answer is all that the answer holds, and no more."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from accounts.models import User
from registry.models import Follow, VersionAction
from tests.factories.registry import make_crate, make_dependency, make_version
from tests.wire import send

ANSWERS = [
    ("GET", "crates", "crates"),
    ("GET", "crates", "crates?q=tide"),
    ("GET", "crates/{name}", "crates/tide"),
    ("GET", "crates/{name}", "crates/tide?include="),
    ("PATCH", "crates/{name}", "crates/tide"),
    ("GET", "crates/{name}/versions", "crates/tide/versions"),
    ("GET", "crates/{name}/versions", "crates/tide/versions?include=release_tracks&per_page=1"),
    ("GET", "crates/{name}/{num}", "crates/tide/1.0.0"),
    ("PATCH", "crates/{name}/{num}", "crates/tide/1.0.0"),
    ("GET", "crates/{name}/{num}/dependencies", "crates/moon/1.0.0/dependencies"),
    ("GET", "crates/{name}/{num}/authors", "crates/tide/1.0.0/authors"),
    ("GET", "crates/{name}/reverse_dependencies", "crates/tide/reverse_dependencies"),
    ("PUT", "crates/{name}/follow", "crates/tide/follow"),
    ("DELETE", "crates/{name}/follow", "crates/tide/follow"),
    ("GET", "crates/{name}/following", "crates/tide/following"),
    ("GET", "keywords", "keywords"),
    ("GET", "keywords/{keyword}", "keywords/sea"),
    ("GET", "categories", "categories"),
    ("GET", "categories/{slug}", "categories/science::bioinformatics"),
    ("GET", "category_slugs", "category_slugs"),
    ("GET", "summary", "summary"),
    ("GET", "site_metadata", "site_metadata"),
    ("GET", "me", "me"),
    ("GET", "me/updates", "me/updates"),
    ("GET", "me/tokens", "me/tokens"),
    ("PUT", "me/tokens", "me/tokens"),
    ("DELETE", "me/tokens/{token_id}", "me/tokens/1"),
    ("GET", "users/{login}", "users/alice"),
    ("GET", "users/{user_id}/stats", "users/1/stats"),
]
BODY = {"crate": {}, "version": {}, "api_token": {"name": "ci", "endpoint_scopes": ["yank"]}}


@pytest.mark.parametrize(("method", "route", "path"), ANSWERS)
def test_an_answer_is_as_described(alice: User, method: str, route: str, path: str) -> None:
    tide = make_crate(
        "tide", owner=alice, keywords=["sea"], categories=["science::geo"], description="Seas"
    )
    version = make_version(
        tide, features={"default": ["a"]}, published_by=alice, license="MIT", yank_message="old"
    )
    VersionAction.objects.create(version=version, user=alice, action="publish")
    Follow.objects.create(user=alice, crate=tide)
    moon = make_version(make_crate("moon"), provenance={})
    make_dependency(moon, "tide")
    browser = Client()
    browser.force_login(alice)
    document = send("GET", "/api/openapi.json").json()

    answer = send(method, f"/api/v1/{path}", body=BODY, client=browser)

    assert answer.status_code == 200
    operation = document["paths"][f"/api/v1/{route}"][method.lower()]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    whole = _strict({**schema, "components": document["components"]})
    problems = [
        f"{error.json_path}: {error.message[:300]}"
        for error in Draft202012Validator(whole).iter_errors(answer.json())
    ]
    assert problems == []


def _strict(schema: Any) -> Any:
    """As JSON schema of today, which takes no property that is not described."""
    if isinstance(schema, list):
        return [_strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(value) for key, value in schema.items() if key != "nullable"}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found
