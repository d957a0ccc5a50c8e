"""/api/v1/users and /api/v1/confirm."""

from django.db import transaction
from django.db.models import Sum
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from accounts.operations.addresses import (
    change_address,
    confirm_address,
    resend,
    set_publish_notifications,
)
from accounts.step_up import require_proof
from registry.api.bodies import USER_UPDATE
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.rendering import user_json
from registry.api.requests import json_object, object_field, optional, person_of
from registry.api.shapes import UserShape, answer, done, total
from registry.models import Crate


class UserDetail(APIView):
    @operation("find_user", "users", "Read a user", answer=answer("FindUser", user=UserShape()))
    def get(self, request: Request, user: str) -> Response:
        # PostgreSQL refuses NUL in any parameter; no login has one.
        found = User.objects.with_login(user) if user.isascii() and "\0" not in user else None
        if found is None or found.quarantined_at:
            raise NotFound
        return Response({"user": user_json(found)})

    @operation(
        "update_user",
        "users",
        "Change the caller's settings",
        auth=TOKEN_OR_COOKIE,
        body=USER_UPDATE,
        answer=done("UserUpdated"),
    )
    def put(self, request: Request, user: str) -> Response:
        """Here the last part of the path is the caller's own id."""
        caller = _caller(request, user)
        wanted = object_field(json_object(request), "user")
        email = optional(wanted, "email", str, within="user.")
        notifications = optional(wanted, "publish_notifications", bool, within="user.")
        if email is not None:
            require_proof(request)
        with transaction.atomic():
            if notifications is not None:
                set_publish_notifications(user=caller, wanted=notifications)
            if email is not None:
                change_address(user=caller, email=email)
        return Response({"ok": True})


class ResendConfirmation(APIView):
    @operation(
        "resend_email_verification",
        "users",
        "Send the letter to confirm an address again",
        auth=TOKEN_OR_COOKIE,
        answer=done("Resent"),
    )
    def put(self, request: Request, user_id: int) -> Response:
        resend(user=_caller(request, str(user_id)))
        return Response({"ok": True})


class ConfirmAddress(APIView):
    """The token in the path is the credential."""

    authentication_classes = ()

    @operation("confirm_user_email", "users", "Confirm an address", answer=done("AddressConfirmed"))
    def put(self, request: Request, email_token: str) -> Response:
        confirm_address(token=email_token)
        return Response({"ok": True})


class UserStats(APIView):
    @operation(
        "get_user_stats",
        "users",
        "Read how often a user's crates were downloaded",
        answer=answer("UserStats", total_downloads=total()),
    )
    def get(self, request: Request, user_id: int) -> Response:
        # Larger than any id, and than what a database compares.
        owned = Crate.objects.filter(ownerships__user_id=min(user_id, 2**62))
        found = owned.aggregate(all=Sum("downloads"))["all"] or 0
        return Response({"total_downloads": found})


def _caller(request: Request, user_id: str) -> User:
    user = person_of(request)
    if str(user.pk) != user_id:
        raise InvalidInput("current user does not match requested user")
    return user
