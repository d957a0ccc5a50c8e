"""The OpenAPI document: what the endpoints say of themselves, and what holds for all of them."""

from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator

from accounts.api.schema import ApiTokenScheme, Scheme, SessionScheme
from accounts.errors import WrongMethod
from registry.api.describe import JSON, archive_operation, evidence_operation, file_operation
from trustpub.api.schema import PublishTokenScheme

Document = dict[str, Any]
_making = Lock()
SCHEMES: tuple[type[Scheme], ...] = (ApiTokenScheme, SessionScheme, PublishTokenScheme)
VERSION = "/api/v1/crates/{name}/{version}"
# What crates.io calls a part of a path where the name is not Python's to give.
PATH_NAMES = {
    "num": "version",
    "token_id": "id",
    "user_id": "id",
    "config_id": "id",
    "pending_id": "id",
    "publisher_id": "id",
}
PARTS = {
    "name": "name of the crate, in any spelling",
    "version": "number of the version",
    "category": "slug of the category",
    "keyword": "the keyword",
    "user": "login of the user; the own id to change settings",
    "team": "login of the team, as `github:ORGANIZATION:TEAM`",
    "number": "number of the organization at GitHub",
    "email_token": "the code from the letter",
    "crate_id": "id of the crate",
    "token": "the code from the letter",
    "id": "its identifier",
    "action": "`suspend`, `resume`, `confirm` or `renew`",
}
# Who may read from a private registry.
READERS: list[Document] = [{str(scheme.name): []} for scheme in SCHEMES]
# Open even there, because it proves who asks by itself.
OPEN_PREFIX = "/api/v1/trusted_publishing/"
ERROR: Document = {
    "type": "object",
    "description": "Every refusal; there is always exactly one error.",
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "detail": {"type": "string", "description": "a sentence for people"},
                    "code": {"type": "string", "description": "for programs, which stays the same"},
                    "request_id": {"type": "string", "description": "finds the request in the log"},
                },
                "required": ["detail", "code", "request_id"],
            },
        }
    },
    "required": ["errors"],
}
EXAMPLES = {
    "4XX": {
        "authentication_required": "this action requires authentication",
        "not_found": "crate `tide` does not exist",
        "invalid_input": "cannot request more than 100 items",
        "wrong_shape": "`owners` must be a list of texts",
    },
    "5XX": {"internal_error": "Internal Server Error"},
}
KINDS = {"4XX": "Client Error", "5XX": "Server Error"}


@csrf_exempt
def openapi(request: HttpRequest) -> JsonResponse:
    if request.method not in ("GET", "HEAD"):
        raise WrongMethod(request.method)
    return JsonResponse(document(is_private=settings.AUTH_REQUIRED))


def document(*, is_private: bool) -> Document:
    """Made once for a process: nothing but the code and the settings decides over it."""
    # The generator imports what it needs as it goes, and fails for whoever looks meanwhile.
    with _making:
        return _made(is_private=is_private)


@cache
def _made(*, is_private: bool) -> Document:
    made: Document = SchemaGenerator().get_schema(request=None, public=True)
    if is_private:
        for path, operations in made["paths"].items():
            if not path.startswith(OPEN_PREFIX):
                for operation in operations.values():
                    _close(operation)
    return made


def complete(result: Document, generator: object, request: object, public: bool) -> Document:
    """The hook of drf-spectacular's that sees the whole document."""
    components = result.setdefault("components", {})
    components["securitySchemes"] = {str(scheme.name): scheme.definition for scheme in SCHEMES}
    components.setdefault("schemas", {})["ApiErrorResponse"] = ERROR
    paths = {_renamed(path): operations for path, operations in result["paths"].items()}
    paths[f"{VERSION}/download"] = {"get": archive_operation()}
    paths[f"{VERSION}/readme"] = {"get": file_operation("get_version_readme", "the readme")}
    paths["/api/v1/evidence.jsonl.gz"] = {"get": evidence_operation()}
    # The framework knows no body of a DELETE; cargo sends one.
    owners = paths["/api/v1/crates/{name}/owners"]
    owners["delete"]["requestBody"] = owners["put"]["requestBody"]
    for operations in paths.values():
        for operation in operations.values():
            _name_parts(operation)
            operation["responses"].update({kind: _refusal(kind) for kind in KINDS})
    return {**result, "components": components, "paths": dict(sorted(paths.items()))}


def _renamed(path: str) -> str:
    for ours, theirs in PATH_NAMES.items():
        path = path.replace(f"{{{ours}}}", f"{{{theirs}}}")
    return path


def _name_parts(operation: Document) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "path":
            continue
        name = parameter["name"] = PATH_NAMES.get(parameter["name"], parameter["name"])
        if name in PARTS:
            parameter["description"] = PARTS[name]
        if parameter["schema"].get("type") == "integer":
            parameter["schema"]["format"] = "int32"


def _refusal(kind: str) -> Document:
    examples = {
        code: {"value": {"errors": [{"detail": detail, "code": code, "request_id": "4be1c6f0"}]}}
        for code, detail in EXAMPLES[kind].items()
    }
    schema = {"$ref": "#/components/schemas/ApiErrorResponse"}
    return {
        "description": KINDS[kind],
        "content": {JSON: {"schema": schema, "examples": examples}},
    }


def _close(operation: Document) -> None:
    """A private registry answers nobody without a token or a login."""
    allowed = [needed for needed in operation.get("security", []) if needed]
    operation["security"] = allowed or READERS
