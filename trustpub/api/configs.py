"""GET, POST and DELETE …/github_configs and …/gitlab_configs (crates-io-api reference, 3.3).

Beyond crates.io: `issuer` chooses another installation than the provider's own, and
`"pending": true` registers a pending publisher for a crate that does not exist yet.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import AuthenticationRequired, InvalidInput, NotAllowed
from accounts.scopes import Scope
from registry.actors import Actor
from registry.api.rendering import moment
from registry.api.requests import WrongShape, actor_of, json_object, text_field
from registry.policies import Action, require, require_scope
from registry.queries.lookup import crate_named
from trustpub.errors import InvalidPublisher, config_not_found
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, TrustRule
from trustpub.operations import publisher_states as states
from trustpub.operations.pending import cancel, register
from trustpub.operations.publishers import (
    add_publisher,
    edit_publisher,
    grant_of,
    remove_publisher,
)
from trustpub.providers import provider_for
from trustpub.providers.github import GITHUB_ISSUER

PER_PAGE = 100
ACTIONS = {
    "suspend": states.suspend,
    "resume": states.resume,
    "confirm": states.confirm,
    "renew": states.renew,
}
OWN_ISSUER = {"github": GITHUB_ISSUER, "gitlab": "https://gitlab.com"}


class Configs(APIView):
    """The publishers of one kind of CI system."""

    provider: ClassVar[str]

    @extend_schema(
        parameters=[
            OpenApiParameter("crate", str),
            OpenApiParameter("user_id", int),
            OpenApiParameter("seek", int, description="take it from `meta.next_page`"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        grants = self._listed(request, actor)
        total = grants.count()
        seek = request.query_params.get("seek", "0")
        if not (seek.isascii() and seek.isdigit() and len(seek) < 19):
            raise InvalidInput("invalid seek parameter")
        page = list(grants.filter(pk__gt=int(seek)).order_by("pk")[:PER_PAGE])
        response = Response(
            {
                f"{self.provider}_configs": [config_json(grant) for grant in page],
                "meta": {
                    "total": total,
                    "next_page": f"?{_filters(request)}&seek={page[-1].pk}"
                    if len(page) == PER_PAGE
                    else None,
                },
            }
        )
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        key = f"{self.provider}_config"
        body = json_object(request).get(key)
        if not isinstance(body, dict):
            raise WrongShape(f"the body must be a JSON object with `{key}`")
        pending = body.get("pending") is True
        names = _names(body, key) if pending else []
        name = "" if pending else text_field(body, "crate", within=f"{key}.")
        form = _form(self.provider, body)
        issuer = _issuer(self.provider, body.get("issuer"))
        rules = _rules(self.provider, body)
        actor = actor_of(request)
        if pending:
            made = _register(actor, names, issuer, form, rules)
            return Response({f"{key}s": made} if "crates" in body else {key: made[0]})
        crate = crate_named(name)
        grant = add_publisher(actor=actor, crate=crate, issuer=issuer, form=form, rules=rules)
        return Response({key: config_json(grant)})

    def _listed(self, request: Request, actor: Actor) -> Any:
        crate, user_id = (request.query_params.get(key) for key in ("crate", "user_id"))
        if (crate is None) == (user_id is None):
            raise InvalidInput("exactly one of `crate` and `user_id` must be given")
        grants = PublisherCrate.objects.filter(
            publisher__issuer__provider=self.provider
        ).select_related("publisher__issuer", "crate")
        if crate is not None:
            found = crate_named(crate)
            require(actor, Action.CONFIGURE, found)
            return grants.filter(crate=found)
        return _of_person(grants, actor, str(user_id))


class ConfigDetail(APIView):
    provider: ClassVar[str]

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, config_id: int) -> Response:
        """Changes the fields that are named and leaves the others as they are."""
        key = f"{self.provider}_config"
        body = json_object(request).get(key)
        if not isinstance(body, dict):
            raise WrongShape(f"the body must be a JSON object with `{key}`")
        actor = actor_of(request)
        publisher = grant_of(actor, config_id, self.provider).publisher
        sent = _form(self.provider, body)
        named = {name: value for name, value in sent.items() if name in body}
        rules = _rules(self.provider, body)
        grant = edit_publisher(
            actor=actor,
            grant_id=config_id,
            form=dict(publisher.fields) | named,
            rules={"refs": "any", **publisher.rules} if rules is None else rules,
        )
        return Response({key: config_json(grant)})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, config_id: int) -> Response:
        if not PublisherCrate.objects.filter(
            pk=config_id, publisher__issuer__provider=self.provider
        ).exists():
            raise config_not_found()
        remove_publisher(actor=actor_of(request), grant_id=config_id, provider=self.provider)
        return Response(status=204)


class ConfigAction(APIView):
    """One step of a publisher's life: suspend, resume, confirm, renew."""

    provider: ClassVar[str]

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, config_id: int, action: str) -> Response:
        actor = actor_of(request)
        grant_of(actor, config_id, self.provider)
        if action not in ACTIONS:
            raise config_not_found()
        grant = ACTIONS[action](actor=actor, grant_id=config_id)
        return Response({f"{self.provider}_config": config_json(grant)})


class GitHubConfigs(Configs):
    provider = "github"


class GitLabConfigs(Configs):
    provider = "gitlab"


class GitHubConfigDetail(ConfigDetail):
    provider = "github"


class GitLabConfigDetail(ConfigDetail):
    provider = "gitlab"


class GitHubConfigAction(ConfigAction):
    provider = "github"


class GitLabConfigAction(ConfigAction):
    provider = "gitlab"


class PendingPublishers(APIView):
    """The caller's own pending publishers of every kind."""

    @extend_schema(operation_id="list_pending_publishers", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        require_scope(actor, Scope.TRUSTED_PUBLISHING, "")
        if actor.user is None:
            raise AuthenticationRequired
        found = (
            PendingPublisher.objects.unexpired()
            .filter(owner=actor.user)
            .select_related("issuer")
            .order_by("pk")
        )
        response = Response({"pending_publishers": [pending_json(pending) for pending in found]})
        response["Cache-Control"] = "no-store"
        return response


class PendingPublisherDetail(APIView):
    @extend_schema(operation_id="cancel_pending_publisher", responses={204: None})
    def delete(self, request: Request, pending_id: int) -> Response:
        actor = actor_of(request)
        if actor.user is None:
            raise AuthenticationRequired
        pending = PendingPublisher.objects.filter(owner=actor.user, pk=pending_id).first()
        require_scope(actor, Scope.TRUSTED_PUBLISHING, pending.crate_name if pending else "")
        cancel(owner=actor.user, pending_id=pending_id)
        return Response(status=204)


def config_json(grant: PublisherCrate) -> dict[str, Any]:
    """A publisher of one crate, as crates.io names its parts."""
    publisher = grant.publisher
    return {
        "id": grant.pk,
        "crate": grant.crate.name,
        **_rule_json(publisher),
        "created_at": moment(grant.created_at),
        "state": publisher.state,
    }


def pending_json(pending: PendingPublisher) -> dict[str, Any]:
    return {
        "id": pending.pk,
        "crate": pending.crate_name,
        "provider": pending.issuer.provider,
        **_rule_json(pending),
        "created_at": moment(pending.created_at),
        "expires_at": moment(pending.expires_at),
        "pending": True,
    }


def _rule_json(rule: TrustRule) -> dict[str, Any]:
    ids: dict[str, Any] = {
        "repository_id": rule.repository_id or None,
        "repository_owner_id": int(rule.repository_owner_id) if rule.repository_owner_id else None,
    }
    if rule.issuer.provider == "gitlab":
        ids = {
            "project_id": rule.repository_id or None,
            "namespace_id": rule.repository_owner_id or None,
        }
    rules = {"rules": rule.rules} if rule.rules else {}
    return {**rule.fields, **rules, **ids, "issuer": rule.issuer.url}


def _names(body: Mapping[str, Any], key: str) -> list[str]:
    """The crate names of a first publish: `crate`, or `crates` for a whole workspace."""
    if "crates" not in body:
        return [text_field(body, "crate", within=f"{key}.")]
    names = body["crates"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WrongShape(f"`{key}.crates` must be a list of crate names")
    return names


def _register(
    actor: Actor,
    names: list[str],
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None,
) -> list[dict[str, Any]]:
    for name in names:
        require_scope(actor, Scope.TRUSTED_PUBLISHING, name)
    if actor.user is None:
        raise AuthenticationRequired
    registered = register(
        actor=actor, owner=actor.user, names=names, issuer=issuer, form=form, rules=rules
    )
    return [pending_json(pending) for pending in registered]


def _rules(provider: str, body: Mapping[str, Any]) -> dict[str, object] | None:
    rules = body.get("rules")
    if rules is not None and not isinstance(rules, dict):
        raise WrongShape(f"`{provider}_config.rules` must be an object or null")
    return rules


def _form(provider: str, body: Mapping[str, Any]) -> dict[str, str | None]:
    """The provider's fields; ids are resolved or pinned, never taken from a request."""
    names = [rule.name for rule in provider_for(provider).fields if not rule.name.endswith("_id")]
    form: dict[str, str | None] = {}
    for name in names:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise WrongShape(f"`{provider}_config.{name}` must be a text or null")
        form[name] = value
    return form


def _issuer(provider: str, url: object) -> Issuer:
    wanted = OWN_ISSUER[provider] if url is None else url
    found = isinstance(wanted, str) and Issuer.objects.filter(provider=provider, url=wanted).first()
    if not found:
        raise InvalidPublisher(
            "`issuer` is not an issuer that this registry trusts; ask its administrator to add it",
            extra={"field": "issuer"},
        )
    return found


def _of_person(grants: Any, actor: Actor, user_id: str) -> Any:
    """Crates that the token's patterns do not cover are left out (crates-io-api 0.4 rule 6)."""
    if actor.user is None or str(actor.user.pk) != user_id:
        raise NotAllowed("this action can only be performed for your own user id")
    token = actor.api_token
    if token and (
        token.endpoint_scopes is None or Scope.TRUSTED_PUBLISHING not in token.endpoint_scopes
    ):
        raise NotAllowed(
            "This endpoint cannot be used with legacy API tokens. "
            "Use a token with the `trusted-publishing` scope."
        )
    owned = grants.filter(crate__ownerships__user=actor.user)
    if token is None or not token.crate_patterns:
        return owned
    covered = [
        grant.crate_id
        for grant in owned
        if token.allows(Scope.TRUSTED_PUBLISHING, grant.crate.name)
    ]
    return owned.filter(crate_id__in=covered)


def _filters(request: Request) -> str:
    query = request.query_params.copy()
    query.pop("seek", None)
    return query.urlencode()
