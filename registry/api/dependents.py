"""GET /api/v1/crates/{name}/reverse_dependencies."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import BY_NUMBER, operation
from registry.api.paging import MAX_PAGE, page_of
from registry.api.rendering import dependency_json, version_json
from registry.api.shapes import DependencyShape, TotalShape, VersionShape, answer
from registry.queries.dependents import dependents_of
from registry.queries.lookup import crate_named


class ReverseDependencies(APIView):
    @operation(
        "list_reverse_dependencies",
        "crates",
        "List the crates that depend on a crate",
        parameters=BY_NUMBER,
        answer=answer(
            "ReverseDependencies",
            dependencies=DependencyShape(many=True),
            versions=VersionShape(many=True),
            meta=TotalShape(),
        ),
    )
    def get(self, request: Request, name: str) -> Response:
        page = page_of(request, max_page=MAX_PAGE)
        crate = crate_named(name)
        found = dependents_of(crate, start=page.start, stop=page.stop)
        return Response(
            {
                "dependencies": [
                    {
                        **dependency_json(dependency),
                        "crate_id": crate.name,
                        "downloads": dependency.version.crate.downloads,
                    }
                    for dependency in found.dependencies
                ],
                "versions": [version_json(version) for version in found.versions],
                "meta": {"total": found.total},
            }
        )
