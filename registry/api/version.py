"""/api/v1/crates/{name}/{version} and what belongs to one version."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import VERSION_UPDATE
from registry.api.describe import TOKEN_OR_COOKIE, operation
from registry.api.rendered import Answer, kept_answer
from registry.api.rendering import dependency_json, version_json
from registry.api.requests import (
    actor_of,
    is_plain_read,
    json_object,
    object_field,
    optional,
    version_in,
    version_of,
)
from registry.api.shapes import AnyObject, DependencyShape, VersionShape, answer, texts
from registry.models import Crate, Version
from registry.operations.yank import amend


class VersionDetail(APIView):
    @operation(
        "find_version",
        "versions",
        "Read a version",
        answer=answer("FindVersion", version=VersionShape()),
    )
    def get(self, request: Request, name: str, num: str) -> Response:
        return Response({"version": version_json(version_of(name, num))})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who only reads gets what was rendered before, if it still holds."""
        if is_plain_read(request):

            def make(request: Request, crate: Crate) -> Answer:
                version = version_in(crate, kwargs["num"])
                return Answer({"version": version_json(version)}, [version])

            if answer := kept_answer(request, kwargs["name"], make):
                return answer
        return super().dispatch(request, *args, **kwargs)

    @operation(
        "update_version",
        "versions",
        "Change a version",
        auth=TOKEN_OR_COOKIE,
        body=VERSION_UPDATE,
        answer=answer("UpdateVersion", version=VersionShape()),
    )
    def patch(self, request: Request, name: str, num: str) -> Response:
        actor = actor_of(request)
        wanted = object_field(json_object(request), "version")
        version = version_of(name, num)
        amend(
            actor=actor,
            version=version,
            yanked=optional(wanted, "yanked", bool, within="version."),
            message=optional(wanted, "yank_message", str, within="version."),
        )
        return Response({"version": version_json(version_of(name, num))})


class VersionDependencies(APIView):
    @operation(
        "get_version_dependencies",
        "versions",
        "List the dependencies of a version",
        answer=answer("VersionDependencies", dependencies=DependencyShape(many=True)),
    )
    def get(self, request: Request, name: str, num: str) -> Response:
        return Response(_dependencies(version_of(name, num)))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who only reads gets what was rendered before, if it still holds."""
        if is_plain_read(request):

            def make(request: Request, crate: Crate) -> Answer:
                return Answer(_dependencies(version_in(crate, kwargs["num"])), [])

            if answer := kept_answer(request, kwargs["name"], make):
                return answer
        return super().dispatch(request, *args, **kwargs)


class VersionAuthors(APIView):
    """Manifests no longer name their authors here; who owns the crate is told elsewhere."""

    @operation(
        "get_version_authors",
        "versions",
        "List the authors of a version, who are no longer kept",
        answer=answer(
            "VersionAuthors",
            users=serializers.ListField(child=AnyObject()),
            meta=answer("AuthorNames", names=texts()),
        ),
        deprecated=True,
    )
    def get(self, request: Request, name: str, num: str) -> Response:
        version_of(name, num)
        return Response({"users": [], "meta": {"names": []}})


def _dependencies(version: Version) -> dict[str, object]:
    found = version.dependencies.order_by("optional", "name", "pk")
    return {"dependencies": [dependency_json(dependency) for dependency in found]}
