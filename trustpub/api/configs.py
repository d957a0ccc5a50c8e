"""GET, POST and DELETE …/github_configs and …/gitlab_configs (crates-io-api reference, 3.3).

Beyond crates.io: `issuer` chooses another installation than the provider's own, and
`"pending": true` registers a pending publisher for a crate that does not exist yet.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import AuthenticationRequired, InvalidInput, NotAllowed
from accounts.scopes import Scope
from accounts.step_up import require_fresh
from registry.actors import Actor
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.paging import SortKey, seek_through
from registry.api.rendering import moment
from registry.api.requests import WrongShape, actor_of, json_object, text_field
from registry.api.shapes import answer
from registry.policies import Action, require, require_scope
from registry.queries.lookup import crate_named
from trustpub.api.first_publish import team_and_days
from trustpub.api.publisher_actions import ACTIONS, STOPS
from trustpub.api.shapes import (
    PendingPublisherShape,
    describe_action,
    describe_creation,
    describe_deletion,
    describe_edit,
    describe_list,
)
from trustpub.errors import UnknownIssuer, config_not_found
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, TrustRule
from trustpub.operations.pending import cancel, register
from trustpub.operations.publishers import (
    add_publisher,
    edit_publisher,
    grant_of,
    remove_publisher,
)
from trustpub.providers import provider_for
from trustpub.providers.github import GITHUB_ISSUER

OWN_ISSUER = {"github": GITHUB_ISSUER, "gitlab": "https://gitlab.com"}


class Configs(APIView):
    """The publishers of one kind of CI system."""

    provider: ClassVar[str]

    def get(self, request: Request) -> Response:
        grants = self._listed(request, actor_of(request))
        page = seek_through(request, grants, (SortKey("pk", int),))
        body = {
            f"{self.provider}_configs": [config_json(grant) for grant in page.rows],
            "meta": {"total": grants.count(), "next_page": page.next_page},
        }
        return Response(body, headers={"Cache-Control": "no-store"})

    def post(self, request: Request) -> Response:
        # First, because nobody's body is worth waiting for.
        actor = actor_of(request)
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
        require_fresh(request)
        if pending:
            made = _register(actor, names, issuer, form, rules, team_and_days(body, key))
            return Response({f"{key}s": made} if "crates" in body else {key: made[0]})
        crate = crate_named(name)
        grant = add_publisher(actor=actor, crate=crate, issuer=issuer, form=form, rules=rules)
        return Response({key: config_json(grant)})

    def _listed(self, request: Request, actor: Actor) -> Any:
        crate, user_id = (request.query_params.get(key) for key in ("crate", "user_id"))
        if crate is not None and user_id is not None:
            raise InvalidInput("Cannot specify both `crate` and `user_id` query parameters")
        if crate is None and user_id is None:
            raise InvalidInput("Must specify either `crate` or `user_id` query parameter")
        grants = PublisherCrate.objects.filter(
            publisher__issuer__provider=self.provider, crate__hidden_at=None
        ).select_related("publisher__issuer", "crate")
        if crate is not None:
            found = crate_named(crate)
            require(actor, Action.CONFIGURE, found)
            return grants.filter(crate=found)
        return _of_person(grants, actor, str(user_id))


class ConfigDetail(APIView):
    provider: ClassVar[str]

    def patch(self, request: Request, config_id: int) -> Response:
        """Changes the fields that are named and leaves the others as they are."""
        actor = actor_of(request)
        key = f"{self.provider}_config"
        body = json_object(request).get(key)
        if not isinstance(body, dict):
            raise WrongShape(f"the body must be a JSON object with `{key}`")
        publisher = grant_of(actor, config_id, self.provider).publisher
        sent = _form(self.provider, body)
        named = {name: value for name, value in sent.items() if name in body}
        rules = _rules(self.provider, body)
        require_fresh(request)
        grant = edit_publisher(
            actor=actor,
            grant_id=config_id,
            form=dict(publisher.fields) | named,
            rules={"refs": "any", **publisher.rules} if rules is None else rules,
        )
        return Response({key: config_json(grant)})

    def delete(self, request: Request, config_id: int) -> Response:
        if not PublisherCrate.objects.filter(
            pk=config_id, publisher__issuer__provider=self.provider
        ).exists():
            raise config_not_found()
        remove_publisher(actor=actor_of(request), grant_id=config_id, provider=self.provider)
        return Response(status=204)


class ConfigAction(APIView):
    """One step of a publisher's life: suspend, resume, confirm, agree, renew."""

    provider: ClassVar[str]

    def post(self, request: Request, config_id: int, action: str) -> Response:
        actor = actor_of(request)
        grant_of(actor, config_id, self.provider)
        if action not in ACTIONS:
            raise config_not_found()
        if action not in STOPS:
            require_fresh(request)
        grant = ACTIONS[action](actor=actor, grant_id=config_id)
        return Response({f"{self.provider}_config": config_json(grant)})


@describe_list("list_trustpub_github_configs", "github")
@describe_creation("create_trustpub_github_config", "github")
class GitHubConfigs(Configs):
    provider = "github"


@describe_list("list_trustpub_gitlab_configs", "gitlab")
@describe_creation("create_trustpub_gitlab_config", "gitlab")
class GitLabConfigs(Configs):
    provider = "gitlab"


@describe_edit("edit_trustpub_github_config", "github")
@describe_deletion("delete_trustpub_github_config", "github")
class GitHubConfigDetail(ConfigDetail):
    provider = "github"


@describe_edit("edit_trustpub_gitlab_config", "gitlab")
@describe_deletion("delete_trustpub_gitlab_config", "gitlab")
class GitLabConfigDetail(ConfigDetail):
    provider = "gitlab"


@describe_action("change_trustpub_github_config_state", "github")
class GitHubConfigAction(ConfigAction):
    provider = "github"


@describe_action("change_trustpub_gitlab_config_state", "gitlab")
class GitLabConfigAction(ConfigAction):
    provider = "gitlab"


class PendingPublishers(APIView):
    """The caller's own pending publishers of every kind."""

    @operation(
        "list_pending_publishers",
        "trusted_publishing",
        "List the caller's pending publishers",
        auth=TOKEN_OR_COOKIE,
        answer=answer("ListPending", pending_publishers=PendingPublisherShape(many=True)),
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        require_scope(actor, Scope.TRUSTED_PUBLISHING, "")
        if actor.user is None:
            raise AuthenticationRequired
        found = (
            PendingPublisher.objects.unexpired()
            .filter(owner=actor.user)
            .select_related("issuer", "team")
            .order_by("pk")
        )
        response = Response({"pending_publishers": [pending_json(pending) for pending in found]})
        response["Cache-Control"] = "no-store"
        return response


class PendingPublisherDetail(APIView):
    @operation(
        "cancel_pending_publisher",
        "trusted_publishing",
        "Cancel a pending publisher",
        auth=TOKEN_OR_COOKIE,
        status=204,
    )
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
        "state": "suspended" if pending.suspended_at else "pending",
        "team": pending.team.login if pending.team else None,
        "pending": True,
    }


def _rule_json(rule: TrustRule) -> dict[str, Any]:
    if rule.issuer.provider not in OWN_ISSUER:
        return _other_json(rule)
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


def _other_json(rule: TrustRule) -> dict[str, Any]:
    """Of a CI system that crates.io does not know: its fields apart, its ids as texts."""
    return {
        "environment": rule.environment,
        "fields": rule.fields,
        **({"rules": rule.rules} if rule.rules else {}),
        "repository_id": rule.repository_id or None,
        "owner_id": rule.repository_owner_id or None,
        "issuer": rule.issuer.url,
    }


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
    more: Mapping[str, Any],
) -> list[dict[str, Any]]:
    for name in names:
        require_scope(actor, Scope.TRUSTED_PUBLISHING, name)
    if actor.user is None:
        raise AuthenticationRequired
    registered = register(
        actor=actor, owner=actor.user, names=names, issuer=issuer, form=form, rules=rules, **more
    )
    return [pending_json(pending) for pending in registered]


def _rules(provider: str, body: Mapping[str, Any]) -> dict[str, object] | None:
    rules = body.get("rules")
    if rules is not None and not isinstance(rules, dict):
        raise WrongShape(f"`{provider}_config.rules` must be an object or null")
    return rules


def _form(provider: str, body: Mapping[str, Any]) -> dict[str, str | None]:
    """The provider's fields; ids are resolved or pinned, never taken from a request."""
    names = [rule.name for rule in provider_for(provider).fields if not rule.is_pin]
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
        raise UnknownIssuer
    return found


def _of_person(grants: Any, actor: Actor, user_id: str) -> Any:
    """Crates that the token's patterns do not cover are left out (crates-io-api 0.4 rule 6)."""
    if actor.user is None or str(actor.user.pk) != user_id:
        raise NotAllowed("this action requires authentication as the specified user")
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
