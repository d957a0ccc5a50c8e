"""GET and PUT …/crates/NAME/publishers: the whole list of a crate at once (reference, e.6)."""

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput
from registry.api.requests import WrongShape, actor_of, json_object
from registry.policies import Action, require
from registry.queries.lookup import crate_named
from trustpub.api.configs import OWN_ISSUER, config_json
from trustpub.errors import InvalidPublisher
from trustpub.models import Issuer, PublisherCrate
from trustpub.operations.declared_publishers import (
    Declared,
    Outcome,
    declare_publishers,
    etag_of,
    publishers_of,
)
from trustpub.providers import PROVIDERS

# What an answer tells beside the fields of the form; a list that was read may be sent as it is.
READ_ONLY = frozenset({"id", "crate", "created_at", "state"})
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
LIST = "publishers"


class DeclaredPublishers(APIView):
    """Every publisher of one crate, whichever CI system it is for."""

    @extend_schema(
        operation_id="list_crate_publishers",
        summary="All publishers of a crate, with an ETag for changing them",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, name: str) -> Response:
        crate = crate_named(name)
        require(actor_of(request), Action.CONFIGURE, crate)
        grants = publishers_of(crate)
        return _answer({LIST: [_shown(grant) for grant in grants]}, etag_of(grants))

    @extend_schema(
        operation_id="declare_crate_publishers",
        summary="Make the publishers of a crate exactly these",
        description=(
            "Idempotent: adds what is missing, removes what is not listed, and leaves the rest. "
            "With `If-Match` only if nothing has changed since the list was read."
        ),
        parameters=[
            OpenApiParameter("dry_run", bool, description="only answer what would change"),
            OpenApiParameter("If-Match", str, OpenApiParameter.HEADER),
        ],
        request=OpenApiTypes.OBJECT,
        responses={200: OpenApiTypes.OBJECT, 412: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, name: str) -> Response:
        actor, dry_run = actor_of(request), _flag(request, "dry_run")
        wanted = _wanted(json_object(request))
        outcome = declare_publishers(
            actor=actor,
            crate=crate_named(name),
            wanted=wanted,
            expected=_expected(request),
            dry_run=dry_run,
        )
        return _answer(_outcome_json(outcome, dry_run), outcome.etag)


def _answer(body: Mapping[str, object], etag: str) -> Response:
    response = Response(body)
    response["ETag"] = f'"{etag}"'
    response["Cache-Control"] = "no-store"
    return response


def _outcome_json(outcome: Outcome, dry_run: bool) -> dict[str, object]:
    return {
        LIST: [_shown(grant) for grant in outcome.publishers],
        "added": [
            {"provider": d.issuer.provider, "issuer": d.issuer.url, **d.form}
            for d in outcome.changes.add
        ],
        "removed": [_shown(grant) for grant in outcome.changes.remove],
        "dry_run": dry_run,
    }


def _shown(grant: PublisherCrate) -> dict[str, object]:
    return {"provider": grant.publisher.issuer.provider, **config_json(grant)}


def _wanted(body: Mapping[str, Any]) -> list[Declared]:
    entries = body.get(LIST)
    if not isinstance(entries, list) or body.keys() != {LIST}:
        raise WrongShape(f"the body must be a JSON object with `{LIST}`, a list, and nothing else")
    return [_declared(number, entry) for number, entry in enumerate(entries)]


def _declared(number: int, entry: object) -> Declared:
    where = f"{LIST}[{number}]"
    if not isinstance(entry, dict):
        raise WrongShape(f"`{where}` must be an object")
    kind = entry.get("provider")
    if not isinstance(kind, str) or kind not in PROVIDERS:
        raise WrongShape(f"`{where}.provider` must be one of {', '.join(PROVIDERS)}")
    # Ids beside a name are resolved or pinned, never taken from a request.
    names = {
        rule.name
        for rule in PROVIDERS[kind].fields
        if rule.required or not rule.name.endswith("_id")
    }
    ignored = {name for name in entry if name.endswith("_id")} - names
    if unknown := entry.keys() - names - ignored - READ_ONLY - {"provider", "issuer"}:
        raise WrongShape(f"`{where}` has no field `{min(unknown)[:60]}`")
    form: dict[str, str | None] = {}
    for name in sorted(names):
        value = entry.get(name)
        if value is not None and not isinstance(value, str):
            raise WrongShape(f"`{where}.{name}` must be a text or null")
        form[name] = value
    return Declared(_issuer(where, kind, entry.get("issuer", OWN_ISSUER.get(kind))), form)


def _issuer(where: str, kind: str, url: object) -> Issuer:
    found = isinstance(url, str) and Issuer.objects.filter(provider=kind, url=url).first()
    if not found:
        raise InvalidPublisher(
            f"`{where}.issuer` is not an issuer that this registry trusts; ask its administrator "
            "to add it",
            extra={"field": "issuer"},
        )
    return found


def _expected(request: Request) -> str | None:
    """The etag of If-Match; None without one, or for any."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    found = _ETAG.fullmatch(text)
    if found is None:
        raise InvalidInput('`If-Match` must be the ETag of an answer, such as "0a1b", or *')
    return found[1]


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidInput(f"`{name}` must be true or false")
    return value == "true"
