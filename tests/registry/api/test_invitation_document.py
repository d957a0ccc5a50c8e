"""Answers about invitations are what the OpenAPI document says, and no more."""

from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator

from accounts import token_text
from accounts.models import User
from tests.factories.registry import make_crate, make_invitation
from tests.wire import send

MINE = "/api/v1/me/crate_owner_invitations"
LIST = "/api/private/crate_owner_invitations"


def test_answers_are_as_described(alice: User, bob: User) -> None:
    browser = Client()
    browser.force_login(bob)
    crates = [make_crate(name, owner=alice) for name in ("tide", "reef", "moon")]
    tide = crates[0]
    for crate in crates:
        make_invitation(crate, bob, alice, digest=token_text.digest(f"letter-{crate.name}"))
    body = {"crate_owner_invite": {"crate_id": tide.pk, "accepted": True}}

    for method, route, path in [
        ("GET", MINE, MINE),
        ("GET", LIST, f"{LIST}?invitee_id={bob.pk}&per_page=1"),
        ("PUT", f"{MINE}/{{crate_id}}", f"{MINE}/{tide.pk}"),
        ("PUT", f"{MINE}/accept/{{token}}", f"{MINE}/accept/letter-reef"),
    ]:
        answer = send(method, path, body=body, client=browser)
        assert answer.status_code == 200, answer.content
        assert _problems(answer.json(), method, route) == []


def test_the_body_of_an_answer_is_described() -> None:
    operation = _document()["paths"][f"{MINE}/{{crate_id}}"]["put"]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    shape = _document()["components"]["schemas"][reference.rpartition("/")[2]]

    assert list(shape["properties"]) == shape["required"] == ["crate_owner_invite"]


def _problems(answer: object, method: str, route: str) -> list[str]:
    document = _document()
    described = document["paths"][route][method.lower()]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    whole = _closed({**schema, "components": document["components"]})
    return [error.message for error in Draft202012Validator(whole).iter_errors(answer)]


def _document() -> Any:
    return send("GET", "/api/openapi.json").json()


def _closed(schema: Any) -> Any:
    """Without room for a property that is not described; `nullable` as JSON schema of today."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items() if key != "nullable"}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found
