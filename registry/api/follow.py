"""PUT and DELETE …/follow, GET …/following."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.requests import browsing_person_of, person_of
from registry.api.shapes import answer, done, flag
from registry.operations.follow import follow, unfollow
from registry.queries.lookup import crate_named


class Follow(APIView):
    @extend_schema(operation_id="follow_crate", request=None, responses=done("Followed"))
    def put(self, request: Request, name: str) -> Response:
        user = person_of(request)
        follow(user=user, crate=crate_named(name))
        return Response({"ok": True})

    @extend_schema(operation_id="unfollow_crate", request=None, responses={200: done("Unfollowed")})
    def delete(self, request: Request, name: str) -> Response:
        user = person_of(request)
        unfollow(user=user, crate=crate_named(name))
        return Response({"ok": True})


class Following(APIView):
    @extend_schema(
        operation_id="get_following_crate", responses=answer("FollowingCrate", following=flag())
    )
    def get(self, request: Request, name: str) -> Response:
        user = browsing_person_of(request)
        following = crate_named(name).follows.filter(user=user).exists()
        return Response({"following": following}, headers={"Cache-Control": "no-store"})
