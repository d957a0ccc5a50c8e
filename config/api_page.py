"""/docs/api: the OpenAPI document as pages, without scripts: a list, one for each part, one for
each object."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from config.openapi import Document, document

CREDENTIALS = {
    "api_token": "an API token",
    "cookie": "a login",
    "trustpub_token": "a publish token",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table; `schema` names the part of the document that its type is."""

    name: str
    type: str
    schema: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    description: str
    credentials: str
    is_deprecated: bool
    parameters: list[Field]
    body: list[Field]
    body_type: str
    answers: list[tuple[str, str, list[Field]]]


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    shown = _document()
    context = {"tags": _by_tag(shown), "schemas": sorted(shown["components"]["schemas"])}
    return render(request, "docs/api.html", context)


@require_safe
def show_part(request: HttpRequest, part: str) -> HttpResponse:
    """The operations of one tag."""
    for tag, operations in _by_tag(_document()):
        if slugify(tag) == part:
            return render(request, "docs/api_part.html", {"tag": tag, "operations": operations})
    raise Http404


@require_safe
def show_object(request: HttpRequest, name: str) -> HttpResponse:
    schema = _document()["components"]["schemas"].get(name)
    if schema is None:
        raise Http404
    return render(request, "docs/api_object.html", {"name": name, "fields": _fields(schema)})


def _document() -> Document:
    return document(is_private=settings.AUTH_REQUIRED)


def _by_tag(shown: Document) -> list[tuple[str, list[Operation]]]:
    found: dict[str, list[Operation]] = {}
    for path, methods in shown["paths"].items():
        for method, described in methods.items():
            tag = _title(described["tags"][0])
            found.setdefault(tag, []).append(_operation(method, path, described))
    return sorted(found.items())


def _title(tag: str) -> str:
    words = tag.replace("_", " ")
    return words.replace("api ", "API ") if words.startswith("api ") else words.capitalize()


def _operation(method: str, path: str, described: Document) -> Operation:
    [(body_type, body)] = described.get("requestBody", {}).get("content", {"": {}}).items()
    return Operation(
        anchor=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        description=_words(described),
        credentials=_credentials(described.get("security", [])),
        is_deprecated=described.get("deprecated", False),
        parameters=[_parameter(parameter) for parameter in described.get("parameters", [])],
        body=_fields(body.get("schema", {})),
        body_type=body_type,
        answers=[
            (status, _words(answer), _answer(answer))
            for status, answer in described["responses"].items()
        ],
    )


def _credentials(security: list[dict[str, list[str]]]) -> str:
    names = [CREDENTIALS[name] for needed in security for name in needed]
    wanted = " or ".join(names)
    if not names:
        return "none needed"
    return f"{wanted}; not always needed" if {} in security else wanted


def _parameter(parameter: Document) -> Field:
    kind, schema = _type(parameter["schema"])
    description = _words(parameter)
    where = f"{parameter['name']} ({parameter['in']})"
    return Field(where, kind, schema, parameter.get("required", False), description)


def _answer(answer: Document) -> list[Field]:
    described = answer.get("content", {}).get("application/json", {})
    return _fields(described.get("schema", {}))


def _fields(schema: Document) -> list[Field]:
    """What an object holds; of anything else one line for the whole."""
    if not schema:
        return []
    if "properties" not in schema:
        return [Field("", *_type(schema), True, _words(schema))]
    required = schema.get("required", [])
    return [
        Field(name, *_type(part), name in required, _words(part))
        for name, part in schema["properties"].items()
    ]


def _words(described: Document) -> str:
    return str(described.get("description", "")).replace("`", "")


def _type(schema: Document) -> tuple[str, str]:
    """In words, and the part of the document that it points to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name, name
    if "items" in schema:
        kind, name = _type(schema["items"])
        return f"list of {kind}{' or null' if _may_be_null(schema) else ''}", name
    parts = [part for key in ("oneOf", "allOf", "anyOf") for part in schema.get(key, [])]
    if parts:
        kinds = [_type(part) for part in parts]
        return " or ".join(kind for kind, _ in kinds), next((n for _, n in kinds if n), "")
    return " or ".join(_plain(schema)), ""


def _plain(schema: Document) -> Iterator[str]:
    if "enum" in schema:
        yield from (str(value) for value in schema["enum"] if value is not None)
        if None in schema["enum"]:
            yield "null"
        return
    kinds: Any = schema.get("type", "object")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        form = schema.get("format")
        yield f"{kind} ({form})" if form and kind != "null" else kind


def _may_be_null(schema: Document) -> bool:
    return "null" in schema.get("type", "")
