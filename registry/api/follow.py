"""PUT and DELETE …/follow, GET …/following."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import COOKIE, TOKEN_OR_COOKIE, operation
from registry.api.requests import browsing_person_of, person_of
from registry.api.shapes import answer, done, flag
from registry.operations.follow import follow, unfollow
from registry.queries.lookup import crate_named


class Follow(APIView):
    @operation(
        "follow_crate", "crates", "Follow a crate", auth=TOKEN_OR_COOKIE, answer=done("Followed")
    )
    def put(self, request: Request, name: str) -> Response:
        user = person_of(request)
        follow(user=user, crate=crate_named(name))
        return Response({"ok": True})

    @operation(
        "unfollow_crate",
        "crates",
        "Stop following a crate",
        auth=TOKEN_OR_COOKIE,
        answer=done("Unfollowed"),
    )
    def delete(self, request: Request, name: str) -> Response:
        user = person_of(request)
        unfollow(user=user, crate=crate_named(name))
        return Response({"ok": True})


class Following(APIView):
    @operation(
        "get_following_crate",
        "crates",
        "Say whether the caller follows a crate",
        auth=COOKIE,
        answer=answer("FollowingCrate", following=flag()),
    )
    def get(self, request: Request, name: str) -> Response:
        user = browsing_person_of(request)
        following = crate_named(name).follows.filter(user=user).exists()
        return Response({"following": following}, headers={"Cache-Control": "no-store"})
