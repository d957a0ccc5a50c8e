"""GET /api/v1/me and …/me/updates: who the caller is, what they own and follow."""

from allauth.account.models import EmailAddress
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from registry.api.bodies import NOTIFICATIONS
from registry.api.describe import BY_NUMBER, COOKIE, TOKEN_OR_COOKIE, operation
from registry.api.paging import MAX_PAGE, page_of
from registry.api.rendering import user_json, version_json
from registry.api.requests import WrongShape, browsing_person_of, json_body, person_of
from registry.api.shapes import (
    AuthenticatedUserShape,
    OwnedCrateShape,
    VersionShape,
    answer,
    done,
    flag,
)
from registry.models import Version
from registry.operations.notifications import set_crate_notifications

MAX_SWITCHES = 1000
MAX_ID = 2**62


class Me(APIView):
    """No scope covers it, so only a token without scopes reads it (crates-io-api 0.4)."""

    @operation(
        "get_authenticated_user",
        "users",
        "Read who the caller is",
        auth=TOKEN_OR_COOKIE,
        answer=answer("Me", user=AuthenticatedUserShape(), owned_crates=OwnedCrateShape(many=True)),
    )
    def get(self, request: Request) -> Response:
        user = person_of(request)
        addresses = EmailAddress.objects.filter(user=user).order_by("-primary", "pk")
        primary = addresses.first()
        owned = user.ownerships.filter(crate__hidden_at=None).select_related("crate")
        response = Response(
            {
                "user": {
                    **_identity(user),
                    "email": primary.email if primary else None,
                    "email_verified": bool(primary and primary.verified),
                    "email_verification_sent": primary is not None,
                    "is_admin": user.is_superuser,
                    "publish_notifications": user.publish_notifications,
                },
                "owned_crates": [
                    {
                        "id": ownership.crate_id,
                        "name": ownership.crate.name,
                        "email_notifications": ownership.email_notifications,
                    }
                    for ownership in owned.order_by("crate__name")
                ],
            }
        )
        response["Cache-Control"] = "no-store"
        return response


def _identity(user: User) -> dict[str, object]:
    facts = user_json(user)
    del facts["github_username_matches"]
    return facts


class Updates(APIView):
    @operation(
        "get_authenticated_user_updates",
        "versions",
        "List new versions of followed crates",
        auth=COOKIE,
        parameters=BY_NUMBER,
        answer=answer(
            "Updates", versions=VersionShape(many=True), meta=answer("MoreUpdates", more=flag())
        ),
    )
    def get(self, request: Request) -> Response:
        user = browsing_person_of(request)
        page = page_of(request, max_page=MAX_PAGE)
        rows = Version.objects.for_rendering().filter(crate__follows__user=user)
        # One more than is shown tells whether there are more.
        found = list(rows.order_by("-created_at", "-pk")[page.start : page.stop + 1])
        shown = [version_json(version) for version in found[: page.per_page]]
        body = {"versions": shown, "meta": {"more": len(found) > page.per_page}}
        return Response(body, headers={"Cache-Control": "no-store"})


class EmailNotifications(APIView):
    """Deprecated on crates.io, where one switch of the account took its place."""

    @operation(
        "update_email_notifications",
        "users",
        "Change letters of single crates",
        auth=TOKEN_OR_COOKIE,
        body=NOTIFICATIONS,
        answer=done("NotificationsUpdated"),
        deprecated=True,
    )
    def put(self, request: Request) -> Response:
        user = person_of(request)
        set_crate_notifications(user=user, switches=_switches(json_body(request)))
        return Response({"ok": True})


def _switches(body: object) -> list[tuple[int, bool]]:
    if not isinstance(body, list) or len(body) > MAX_SWITCHES:
        raise WrongShape(f"the body must be a list of at most {MAX_SWITCHES} objects")
    found = []
    for entry in body:
        match entry:
            case {"id": int(crate_id), "email_notifications": bool(wanted)} if (
                type(crate_id) is int and abs(crate_id) < MAX_ID
            ):
                found.append((crate_id, wanted))
            case _:
                raise WrongShape("each entry must hold `id` and `email_notifications`")
    return found
