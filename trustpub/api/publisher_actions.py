"""Steps in a publisher's life, for every CI system: suspend, resume, confirm, agree to, renew."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import AuthenticationRequired
from accounts.scopes import Scope
from accounts.step_up import require_fresh
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.requests import actor_of
from registry.policies import require_scope
from trustpub.api.publisher_json import pending_json, publisher_json
from trustpub.api.publisher_shapes import ONE_PUBLISHER
from trustpub.api.shapes import TAG
from trustpub.errors import config_not_found
from trustpub.models import PendingPublisher
from trustpub.operations import pending
from trustpub.operations import publisher_states as states
from trustpub.operations.publishers import grant_of

ACTIONS = {
    "suspend": states.suspend,
    "resume": states.resume,
    "confirm": states.confirm,
    "agree": states.agree,
    "renew": states.renew,
}
PENDING_ACTIONS = {"suspend": pending.suspend_pending, "resume": pending.resume_pending}
# Whoever has a stolen session may stop a publisher, as they may remove it, and nothing else.
STOPS = frozenset({"suspend"})


class PublisherAction(APIView):
    @operation(
        "change_publisher_state",
        TAG,
        "Suspend, resume, confirm, agree to or renew a publisher",
        auth=TOKEN_OR_COOKIE,
        answer=ONE_PUBLISHER,
    )
    def post(self, request: Request, publisher_id: int, action: str) -> Response:
        actor = actor_of(request)
        grant_of(actor, publisher_id)
        if action not in ACTIONS:
            raise config_not_found()
        if action not in STOPS:
            require_fresh(request)
        grant = ACTIONS[action](actor=actor, grant_id=publisher_id)
        return Response({"publisher": publisher_json(grant)})


class PendingAction(APIView):
    @operation(
        "change_pending_publisher_state",
        TAG,
        "Suspend or resume a pending publisher",
        auth=TOKEN_OR_COOKIE,
        answer=ONE_PUBLISHER,
    )
    def post(self, request: Request, pending_id: int, action: str) -> Response:
        actor = actor_of(request)
        if actor.user is None:
            raise AuthenticationRequired
        found = PendingPublisher.objects.filter(owner=actor.user, pk=pending_id).first()
        require_scope(actor, Scope.TRUSTED_PUBLISHING, found.crate_name if found else "")
        if found is None or action not in PENDING_ACTIONS:
            raise config_not_found()
        if action not in STOPS:
            require_fresh(request)
        changed = PENDING_ACTIONS[action](owner=actor.user, pending_id=pending_id)
        return Response({"publisher": pending_json(changed)})
