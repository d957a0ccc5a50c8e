"""How an endpoint says what it is in the OpenAPI document.

Names of operations, tags, schemes and components are those of crates.io's own document.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

# Who may call; without any of these, everybody.
ANYONE: tuple[str, ...] = ()
COOKIE = ("cookie",)
TOKEN = ("api_token",)
TOKEN_OR_COOKIE = ("api_token", "cookie")
ANYONE_OR_PERSON = ("", "api_token", "cookie")
CI_TOKEN = ("trustpub_token",)
PUBLISHERS = ("api_token", "trustpub_token")

JSON = "application/json"
Method = TypeVar("Method", bound=Callable[..., Any])


def operation(
    name: str,
    tag: str,
    summary: str,
    *,
    answer: Any = None,
    status: int = 200,
    auth: Sequence[str] = ANYONE,
    body: Any = None,
    body_type: str = JSON,
    answer_type: str = JSON,
    parameters: Sequence[OpenApiParameter] = (),
    deprecated: bool = False,
) -> Callable[[Method], Method]:
    """One method of a view: its answer is `answer`, or nothing; the refusals are all alike."""
    return extend_schema(
        operation_id=name,
        tags=[tag],
        summary=summary,
        # The framework's types know only names, its code also whole requirements.
        auth=[{scheme: []} if scheme else {} for scheme in auth],  # type: ignore[misc]
        request=None if body is None else {body_type: body},
        responses={
            (status, answer_type): OpenApiResponse(answer, description="Successful Response")
        },
        parameters=list(parameters),
        deprecated=deprecated,
    )


def query(name: str, kind: Any, description: str, *, many: bool = False) -> OpenApiParameter:
    """A parameter that may be left out."""
    return OpenApiParameter(name, kind, description=description, many=many)


_PAGE_NUMBER = {"type": "integer", "format": "int32", "minimum": 1}
PER_PAGE = query("per_page", {**_PAGE_NUMBER, "maximum": 100, "default": 10}, "rows on a page")
PAGE = query("page", _PAGE_NUMBER, "number of the page, from 1; not together with `seek`")
NO_PAGE = query("page", _PAGE_NUMBER, "not for this list, which answers 400: use `seek`")
SEEK = query("seek", str, "where the page before ended: take it from `meta.next_page`")
NO_SEEK = query("seek", str, "not for this list, which answers 400: use `page`")
BY_NUMBER = (PAGE, PER_PAGE, NO_SEEK)
BY_SEEKING = (NO_PAGE, PER_PAGE, SEEK)
BOTH_WAYS = (PAGE, PER_PAGE, SEEK)
ID = OpenApiTypes.INT32


def file_operation(name: str, what: str) -> dict[str, Any]:
    """Of a plain view, which the framework does not look at: where a file of a version lies."""
    address = {"type": "string", "format": "uri"}
    body = {"type": "object", "properties": {"url": address}, "required": ["url"]}
    return {
        "operationId": name,
        "tags": ["versions"],
        "summary": f"Find {what} of a version",
        "parameters": [
            {"in": "path", "name": part, "required": True, "schema": {"type": "string"}}
            for part in ("name", "version")
        ],
        "responses": {
            "200": {
                "description": "Where it lies, for `Accept: application/json`",
                "content": {JSON: {"schema": body}},
            },
            "302": {
                "description": "Where it lies",
                "headers": {"location": {"schema": address}},
            },
        },
    }


def archive_operation() -> dict[str, Any]:
    """As `file_operation`, but the archive may come at once."""
    described = file_operation("download_version", "the archive")
    kinds = described["responses"]["200"]["content"]
    archive = {"application/gzip": {"schema": {"type": "string", "format": "binary"}}}
    kinds |= archive
    described["responses"] |= {
        "206": {"description": "The bytes that `Range` asks for", "content": archive},
        "304": {"description": "The archive that `If-None-Match` names"},
        "416": {"description": "It has no such bytes"},
    }
    described["responses"]["200"]["description"] = (
        "The archive, or where it lies for `Accept: application/json`"
    )
    return described


def evidence_operation() -> dict[str, Any]:
    """The file of all crates."""
    return {
        "operationId": "get_evidence_file",
        "tags": ["crates"],
        "summary": "Read the evidence of every version of every crate, a day old at most",
        "parameters": [],
        "responses": {
            "200": {
                "description": "A line of JSON for each crate, as `/crates/{name}/evidence`",
                "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
            },
            "302": {"description": "Where it lies"},
        },
    }
