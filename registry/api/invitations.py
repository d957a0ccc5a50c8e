"""Invitations to own a crate: what waits for the caller or for a crate, and the answers."""

from collections.abc import Iterable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotAllowed, NotFound
from accounts.models import User
from registry.actors import Person, Rights
from registry.api.describe import BY_SEEKING, COOKIE, ID, TOKEN_OR_COOKIE, operation, query
from registry.api.paging import SortKey, seek_through
from registry.api.rendering import moment, user_json
from registry.api.requests import (
    WrongShape,
    browsing_person_of,
    json_object,
    object_field,
    person_of,
    query_text,
)
from registry.api.shapes import Shape, UserShape, answer, flag, number, text
from registry.api.shapes import moment as time
from registry.models import Invitation
from registry.models.invitation import InvitationQuerySet
from registry.operations.invitations import answer_by_letter, answer_invitation
from registry.queries.invitations import invitations_of, invitations_to
from registry.queries.lookup import crate_named

TAG = "owners"
NO_STORE = {"Cache-Control": "no-store"}
MAX_ID = 2**62
# The list has no second page; nobody reads that far.
MOST_AT_ONCE = 1000
ORDER = (SortKey("crate_id", int), SortKey("invitee_id", int))


class CrateOwnerInvitationShape(Shape):
    invitee_id = number("who was invited")
    inviter_id = number("who invited them")
    crate_id = number()
    crate_name = text()
    created_at = time()
    expires_at = time()


class LegacyCrateOwnerInvitationShape(CrateOwnerInvitationShape):
    invited_by_username = text("login of the inviter")


class InvitationAnswerShape(Shape):
    crate_id = number()
    accepted = flag("whether the invitation was accepted")


class MyInvitations(APIView):
    @operation(
        "list_crate_owner_invitations_for_user",
        TAG,
        "List the caller's invitations to own crates",
        auth=COOKIE,
        answer=answer(
            "ListInvitationsForUser",
            crate_owner_invitations=LegacyCrateOwnerInvitationShape(many=True),
            users=UserShape(many=True),
        ),
    )
    def get(self, request: Request) -> Response:
        rows = list(invitations_to(browsing_person_of(request)).order_by("pk")[:MOST_AT_ONCE])
        body = {
            "crate_owner_invitations": [
                {"invited_by_username": row.inviter.login, **invitation_json(row)} for row in rows
            ],
            "users": _people_in(rows),
        }
        return Response(body, headers=NO_STORE)


class InvitationList(APIView):
    @operation(
        "list_crate_owner_invitations",
        TAG,
        "List invitations of a crate or to a user",
        auth=COOKIE,
        parameters=[
            query("crate_name", str, "name of a crate, for its owners; wins over the other"),
            query("invitee_id", ID, "the caller's own id"),
            *BY_SEEKING,
        ],
        answer=answer(
            "ListInvitations",
            invitations=CrateOwnerInvitationShape(many=True),
            users=UserShape(many=True),
            meta=answer("ListInvitationsMeta", next_page=text("the next page", null=True)),
        ),
    )
    def get(self, request: Request) -> Response:
        rows = _filtered(request, browsing_person_of(request))
        page = seek_through(request, rows, ORDER, look_ahead=True)
        body = {
            "invitations": [invitation_json(row) for row in page.rows],
            "users": _people_in(page.rows),
            "meta": {"next_page": page.next_page},
        }
        return Response(body, headers=NO_STORE)


class InvitationAnswer(APIView):
    @operation(
        "handle_crate_owner_invitation",
        TAG,
        "Accept or decline an invitation",
        auth=TOKEN_OR_COOKIE,
        body=answer("AnswerInvitation", crate_owner_invite=InvitationAnswerShape()),
        answer=answer("InvitationAnswered", crate_owner_invitation=InvitationAnswerShape()),
    )
    def put(self, request: Request, crate_id: int) -> Response:
        """The id of the body counts, not the one of the path."""
        user = person_of(request)
        wanted, accepted = _answer_in(object_field(json_object(request), "crate_owner_invite"))
        answer_invitation(actor=Person(user), crate_id=wanted, accepted=accepted)
        return _answered(wanted, accepted=accepted)


class InvitationByLetter(APIView):
    """The token in the path is the credential."""

    authentication_classes = ()

    @operation(
        "accept_crate_owner_invitation_with_token",
        TAG,
        "Accept an invitation by the token of its letter",
        answer=answer("InvitationAccepted", crate_owner_invitation=InvitationAnswerShape()),
    )
    def put(self, request: Request, token: str) -> Response:
        invitation = answer_by_letter(token=token, accepted=True)
        return _answered(invitation.crate_id, accepted=True)


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    """Of an invitation that was loaded with everybody."""
    return {
        "invitee_id": invitation.invitee_id,
        "inviter_id": invitation.inviter_id,
        "crate_id": invitation.crate_id,
        "crate_name": invitation.crate.name,
        "created_at": moment(invitation.created_at),
        "expires_at": moment(invitation.expires_at),
    }


def _filtered(request: Request, user: User) -> InvitationQuerySet:
    name = query_text(request, "crate_name")
    if name is not None:
        crate = crate_named(name)
        if not Person(user).has_rights(crate, Rights.FULL):
            raise NotAllowed("only crate owners can query pending invitations for their crate")
        return invitations_of(crate)
    invitee_id = request.query_params.get("invitee_id", "")
    if not (invitee_id.isascii() and invitee_id.isdigit()):
        raise InvalidInput("missing or invalid filter")
    if invitee_id != str(user.pk):
        raise NotAllowed("only the invitee can query their pending invitations")
    return invitations_to(user)


def _people_in(rows: Iterable[Invitation]) -> list[dict[str, Any]]:
    """Everybody whom the invitations name, once, by id."""
    people = {user.pk: user for row in rows for user in (row.invitee, row.inviter)}
    return [user_json(people[pk]) for pk in sorted(people)]


def _answer_in(body: Any) -> tuple[int, bool]:
    match body:
        case {"crate_id": int(crate_id), "accepted": bool(accepted)} if type(crate_id) is int:
            if abs(crate_id) > MAX_ID:
                raise NotFound
            return crate_id, accepted
    raise WrongShape(
        "`crate_owner_invite` must hold `crate_id`, a whole number, and `accepted`, true or false"
    )


def _answered(crate_id: int, *, accepted: bool) -> Response:
    body = {"crate_owner_invitation": {"crate_id": crate_id, "accepted": accepted}}
    return Response(body, headers=NO_STORE)
