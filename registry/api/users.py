"""/api/v1/users and /api/v1/confirm."""

from django.db import transaction
from django.db.models import Sum
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
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
from registry.api.rendering import user_json
from registry.api.requests import json_object, object_field, optional, person_of
from registry.api.shapes import UserShape, answer, done, number
from registry.models import Crate


class UserDetail(APIView):
    @extend_schema(operation_id="find_user", responses=answer("FindUser", user=UserShape()))
    def get(self, request: Request, login: str) -> Response:
        # PostgreSQL refuses NUL in any parameter; no login has one.
        user = User.objects.with_login(login) if login.isascii() and "\0" not in login else None
        if user is None:
            raise NotFound
        return Response({"user": user_json(user)})

    @extend_schema(
        operation_id="update_user", request=OpenApiTypes.OBJECT, responses=done("UserUpdated")
    )
    def put(self, request: Request, login: str) -> Response:
        """Here the last part of the path is the caller's own id."""
        user = _caller(request, login)
        wanted = object_field(json_object(request), "user")
        email = optional(wanted, "email", str, within="user.")
        notifications = optional(wanted, "publish_notifications", bool, within="user.")
        with transaction.atomic():
            if notifications is not None:
                set_publish_notifications(user=user, wanted=notifications)
            if email is not None:
                change_address(user=user, email=email)
        return Response({"ok": True})


class ResendConfirmation(APIView):
    @extend_schema(operation_id="resend_email_verification", request=None, responses=done("Resent"))
    def put(self, request: Request, user_id: int) -> Response:
        resend(user=_caller(request, str(user_id)))
        return Response({"ok": True})


class ConfirmAddress(APIView):
    """The token in the path is the credential."""

    authentication_classes = ()

    @extend_schema(
        operation_id="confirm_user_email", request=None, responses=done("AddressConfirmed")
    )
    def put(self, request: Request, token: str) -> Response:
        confirm_address(token=token)
        return Response({"ok": True})


class UserStats(APIView):
    @extend_schema(
        operation_id="get_user_stats", responses=answer("UserStats", total_downloads=number())
    )
    def get(self, request: Request, user_id: int) -> Response:
        # Larger than any id, and than what a database compares.
        owned = Crate.objects.filter(ownerships__user_id=min(user_id, 2**62))
        total = owned.aggregate(all=Sum("downloads"))["all"] or 0
        return Response({"total_downloads": total})


def _caller(request: Request, user_id: str) -> User:
    user = person_of(request)
    if str(user.pk) != user_id:
        raise InvalidInput("current user does not match requested user")
    return user
