"""What the OpenAPI document says of an answer, held against the answers that tests get."""

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from config import openapi


def document() -> dict[str, Any]:
    return openapi.document(is_private=False)


def example(operation: dict[str, Any]) -> Any:
    """The smallest body that the operation may take; nothing where it takes none."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return b"" if body is None else _example(body["schema"])


def _example(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "allOf" in schema or "oneOf" in schema:
        return _example((schema.get("allOf") or schema["oneOf"])[0])
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "object":
        return {name: _example(part) for name, part in schema.get("properties", {}).items()}
    return {"array": [], "integer": 1, "boolean": True}.get(kind, "x")


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The template of the path, and what the document says of the method."""
    for template, pattern in _patterns():
        found = document()["paths"][template].get(method.lower())
        if found and pattern.fullmatch(path):
            return template, found
    return None


def problems_of(method: str, path: str, answer: Any) -> list[str]:
    """Where the answer is not as described; nothing of what the document leaves out."""
    found = operation_of("GET" if method == "HEAD" else method, path.partition("?")[0])
    if found is None:
        return []
    template, operation = found
    described = _described(operation["responses"], answer.status_code)
    if described is None:
        return [f"{method} {template}: {answer.status_code} is not described"]
    if method == "HEAD" or answer.status_code == 302:
        return []
    if "content" not in described:
        return [f"{method} {template}: a body where none is described"] if answer.content else []
    kind = answer["Content-Type"].partition(";")[0]
    if kind not in described["content"]:
        return [f"{method} {template}: {kind} is not described"]
    if kind != "application/json":
        return []
    errors = _validator(template, method, answer.status_code).iter_errors(answer.json())
    return [f"{method} {template}: {error.json_path}: {error.message[:300]}" for error in errors]


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Fixed paths before those with parts, as crates/new before crates/{name}."""
    paths = sorted(document()["paths"], key=lambda path: (path.count("{"), path))
    return [(path, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))) for path in paths]


def _described(responses: dict[str, Any], status: int) -> dict[str, Any] | None:
    return responses.get(str(status)) or responses.get(f"{status // 100}XX")


@cache
def _validator(template: str, method: str, status: int) -> Draft202012Validator:
    responses = document()["paths"][template][method.lower()]["responses"]
    described = _described(responses, status)
    assert described
    # An error may tell more than its sentence; everything else is described whole.
    components = document()["components"] if status >= 400 else _closed_components()
    schema = described["content"]["application/json"]["schema"]
    return Draft202012Validator({**_closed(schema), "components": components})


@cache
def _closed_components() -> dict[str, Any]:
    return dict(_closed(document()["components"]))


def _closed(schema: Any) -> Any:
    """Without room for a property that is not described."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found
