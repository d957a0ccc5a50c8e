"""Publishers of every provider: …/trusted_publishing/providers and …/publishers (e.6).

The endpoints of crates.io in `configs` show those of GitHub and GitLab in its own words.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import AuthenticationRequired, InvalidInput, TokenLacksPermission
from accounts.scopes import Scope
from accounts.step_up import require_fresh
from registry.actors import Actor
from registry.api.describe import SEEK, TOKEN_OR_COOKIE, operation, query
from registry.api.requests import WrongShape, actor_of, json_object, query_text, text_field
from registry.models import Crate
from registry.policies import Action, require, require_scope
from registry.queries.lookup import crate_named
from trustpub.api.first_publish import team_and_days
from trustpub.api.publisher_json import difference_json, issuer_json, pending_json, publisher_json
from trustpub.api.publisher_shapes import (
    ABOUT_REQUEST,
    CREATED,
    DIFFERENCE,
    ONE_PUBLISHER,
    PROVIDERS,
    PUBLISHER_LIST,
    PUBLISHER_REQUEST,
    PUBLISHERS_REQUEST,
)
from trustpub.api.shapes import TAG
from trustpub.errors import InvalidPublisher, UnknownIssuer, config_not_found
from trustpub.models import Issuer, PublisherCrate
from trustpub.operations.about import NAMES, About, read_about
from trustpub.operations.declare import Wanted, declare
from trustpub.operations.pending import register
from trustpub.operations.publishers import (
    add_publisher,
    describe_publisher,
    edit_publisher,
    grant_of,
    remove_publisher,
)
from trustpub.operations.team_publishers import add_for_team
from trustpub.queries.issuers import visible_issuers
from trustpub.queries.managed import grants_on, managed_crates

PER_PAGE = 100
MOST_DECLARED = 100


class Providers(APIView):
    """The CI systems that take publishers here, with the fields of each."""

    @operation(
        "list_trustpub_providers",
        TAG,
        "List the CI systems that take publishers, with the fields of each",
        auth=TOKEN_OR_COOKIE,
        answer=PROVIDERS,
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        issuers = visible_issuers(actor.user)
        return Response({"providers": [issuer_json(issuer) for issuer in issuers]})


class Publishers(APIView):
    """The publishers of one crate, or of all that the caller owns."""

    @operation(
        "list_publishers",
        TAG,
        "List publishers of every CI system",
        auth=TOKEN_OR_COOKIE,
        parameters=[
            query("crate", str, "name of a crate; without it, all of the caller's"),
            query("provider", str, "kind of CI system"),
            SEEK,
        ],
        answer=PUBLISHER_LIST,
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        grants = grants_on(_listed_crates(request, actor))
        if provider := query_text(request, "provider"):
            grants = grants.filter(publisher__issuer__provider=provider)
        total = grants.count()
        page = list(grants.filter(pk__gt=_seek(request))[:PER_PAGE])
        more = _next_page(request, page[-1].pk) if len(page) == PER_PAGE else None
        return _private(
            {
                "publishers": [publisher_json(grant) for grant in page],
                "meta": {"total": total, "next_page": more},
            }
        )

    @operation(
        "create_publisher",
        TAG,
        "Add a publisher, or register a pending one",
        auth=TOKEN_OR_COOKIE,
        body=PUBLISHER_REQUEST,
        answer=CREATED,
    )
    def post(self, request: Request) -> Response:
        # First, because nobody's body is worth waiting for.
        actor = actor_of(request)
        body = json_object(request).get("publisher")
        if not isinstance(body, dict):
            raise WrongShape("the body must be a JSON object with `publisher`")
        require_fresh(request)
        issuer, form = _issuer(body), _form(body)
        if "crate" not in body and body.get("pending") is not True and body.get("team"):
            return _private({"publishers": _added_for_team(actor, body, issuer, form)})
        if body.get("pending") is True:
            more = team_and_days(body, "publisher")
            made = _registered(actor, _names(body), issuer, form, _rules(body), more)
            return _private({"publishers": made} if "crates" in body else {"publisher": made[0]})
        name = text_field(body, "crate", within="publisher.")
        grant = add_publisher(
            actor=actor,
            crate=crate_named(name),
            issuer=issuer,
            form=form,
            rules=_rules(body),
            about=read_about(body),
        )
        return _private({"publisher": publisher_json(grant)})

    @operation(
        "declare_publishers",
        TAG,
        "Make the publishers of some crates exactly these",
        auth=TOKEN_OR_COOKIE,
        parameters=[query("dry_run", bool, "only say what would change")],
        body=PUBLISHERS_REQUEST,
        answer=DIFFERENCE,
    )
    def put(self, request: Request) -> Response:
        actor, body = actor_of(request), json_object(request)
        require_fresh(request)
        crates = _crates(body.get("crates"))
        entries = body.get("publishers")
        if not isinstance(entries, list) or len(entries) > MOST_DECLARED:
            raise WrongShape(f"`publishers` must be a list of at most {MOST_DECLARED} objects")
        dry_run = query_text(request, "dry_run") or "false"
        if dry_run not in ("true", "false"):
            raise InvalidInput("`dry_run` must be true or false")
        difference = declare(
            actor=actor,
            crates=list(crates.values()),
            wanted=[_wanted(entry, crates) for entry in entries],
            dry_run=dry_run == "true",
        )
        return _private(difference_json(difference, dry_run=dry_run == "true"))


class PublisherDetail(APIView):
    @operation("get_publisher", TAG, "Get a publisher", auth=TOKEN_OR_COOKIE, answer=ONE_PUBLISHER)
    def get(self, request: Request, publisher_id: int) -> Response:
        actor = actor_of(request)
        grants = PublisherCrate.objects.select_related("publisher__issuer", "crate")
        grant = grants.filter(pk=publisher_id, crate__hidden_at=None).first()
        if grant is None:
            raise config_not_found()
        require(actor, Action.CONFIGURE, grant.crate)
        return _private({"publisher": publisher_json(grant)})

    @operation(
        "describe_publisher",
        TAG,
        "Change a publisher in place: its rule, name, note or last day",
        auth=TOKEN_OR_COOKIE,
        body=ABOUT_REQUEST,
        answer=ONE_PUBLISHER,
    )
    def patch(self, request: Request, publisher_id: int) -> Response:
        """What is not named stays as it is; a changed rule kills the tokens that jobs hold."""
        actor = actor_of(request)
        body = json_object(request).get("publisher")
        if not isinstance(body, dict):
            raise WrongShape("the body must be a JSON object with `publisher`")
        require_fresh(request)
        if unknown := sorted(set(body) - {*NAMES, "fields", "rules"}):
            raise WrongShape(f"`publisher.{unknown[0][:60]}` can't be changed here")
        if {"fields", "rules"} & set(body):
            grant = _edited(actor, publisher_id, body)
        else:
            grant = describe_publisher(actor=actor, grant_id=publisher_id, given=body)
        return _private({"publisher": publisher_json(grant)})

    @operation("delete_publisher", TAG, "Remove a publisher", auth=TOKEN_OR_COOKIE, status=204)
    def delete(self, request: Request, publisher_id: int) -> Response:
        remove_publisher(actor=actor_of(request), grant_id=publisher_id)
        return Response(status=204)


def _listed_crates(request: Request, actor: Actor) -> list[Crate]:
    name = query_text(request, "crate")
    if name is None:
        if actor.user is None:
            raise AuthenticationRequired
        scopes = actor.api_token.endpoint_scopes if actor.api_token else None
        if scopes is not None and Scope.TRUSTED_PUBLISHING not in scopes:
            raise TokenLacksPermission
        return managed_crates(actor)
    crate = crate_named(name)
    require(actor, Action.CONFIGURE, crate)
    return [crate]


def _added_for_team(
    actor: Actor, body: Mapping[str, Any], issuer: Issuer, form: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    grants = add_for_team(
        actor=actor,
        team=text_field(body, "team", within="publisher."),
        issuer=issuer,
        form=form,
        rules=_rules(body),
        about=read_about(body),
    )
    return [publisher_json(grant) for grant in grants]


def _edited(actor: Actor, publisher_id: int, body: Mapping[str, Any]) -> PublisherCrate:
    grant = grant_of(actor, publisher_id)
    kept, rules = grant.publisher, _rules(body)
    return edit_publisher(
        actor=actor,
        grant_id=publisher_id,
        form={**kept.fields, **(_form(body) if "fields" in body else {})},
        # Without `rules` those that stand, and not the safe ones of a new publisher.
        rules={**kept.provider.rule_options.widest, **kept.rules} if rules is None else rules,
        about=read_about(body, About.of(grant)),
    )


def _registered(
    actor: Actor,
    names: list[str],
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None,
    more: Mapping[str, Any],
) -> list[dict[str, Any]]:
    for name in names:
        require_scope(actor, Scope.TRUSTED_PUBLISHING, name)
    if actor.user is None:
        raise AuthenticationRequired
    made = register(
        actor=actor, owner=actor.user, names=names, issuer=issuer, form=form, rules=rules, **more
    )
    return [pending_json(pending) for pending in made]


def _names(body: Mapping[str, Any]) -> list[str]:
    """The names of a first publish: `crate`, or `crates` for a whole workspace."""
    if "crates" not in body:
        return [text_field(body, "crate", within="publisher.")]
    names = body["crates"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WrongShape("`publisher.crates` must be a list of crate names")
    return names


def _wanted(entry: object, crates: Mapping[str, Crate]) -> Wanted:
    if not isinstance(entry, dict):
        raise WrongShape("each of `publishers` must be an object")
    name = text_field(entry, "crate", within="publishers.")
    crate = crates.get(name)
    if crate is None:
        raise InvalidPublisher(f"`{name[:64]}` is not in `crates`")
    return Wanted(crate, _issuer(entry), _form(entry), _rules(entry))


def _crates(names: object) -> dict[str, Crate]:
    if not isinstance(names, list) or not 0 < len(names) <= MOST_DECLARED:
        raise WrongShape(f"`crates` must be a list of 1 to {MOST_DECLARED} crate names")
    if not all(isinstance(name, str) for name in names):
        raise WrongShape("`crates` must hold texts only")
    return {name: crate_named(name) for name in dict.fromkeys(names)}


def _issuer(body: Mapping[str, Any]) -> Issuer:
    """By its address, or by its kind where there is only one of it."""
    url, provider = body.get("issuer"), body.get("provider")
    # Those of an organisation must be named: nobody is told that they exist.
    known = Issuer.objects.for_everybody() if url is None else Issuer.objects.all()
    found = [
        issuer
        for issuer in known
        if (url is None or issuer.url == url) and (provider is None or issuer.provider == provider)
    ]
    if url is None and provider is None:
        raise InvalidPublisher("name an `issuer` or a `provider`", extra={"field": "issuer"})
    if url is None and len(found) > 1:
        listed = ", ".join(issuer.url for issuer in found[:10])
        raise InvalidPublisher(
            f"there is more than one {provider}: give `issuer`, one of {listed}",
            extra={"field": "issuer"},
        )
    if not found:
        raise UnknownIssuer
    return found[0]


def _form(body: Mapping[str, Any]) -> dict[str, str | None]:
    fields = body.get("fields")
    if not isinstance(fields, dict):
        raise WrongShape("`fields` must be an object; `providers` lists the fields of each")
    for name, value in fields.items():
        if value is not None and not isinstance(value, str):
            raise WrongShape(f"`fields.{name[:60]}` must be a text or null")
    return dict(fields)


def _rules(body: Mapping[str, Any]) -> dict[str, object] | None:
    rules = body.get("rules")
    if rules is not None and not isinstance(rules, dict):
        raise WrongShape("`rules` must be an object or null")
    return rules


def _seek(request: Request) -> int:
    seek = request.query_params.get("seek", "0")
    if not (seek.isascii() and seek.isdigit() and len(seek) < 19):
        raise InvalidInput("invalid seek parameter")
    return int(seek)


def _next_page(request: Request, last: int) -> str:
    query = request.query_params.copy()
    query["seek"] = str(last)
    return f"?{query.urlencode()}"


def _private(content: dict[str, Any]) -> Response:
    return Response(content, headers={"Cache-Control": "no-store"})
