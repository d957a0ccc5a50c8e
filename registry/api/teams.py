"""GET /api/v1/teams/{login}."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.rendering import team_json
from registry.queries.owners import team_with_login


class TeamDetail(APIView):
    @extend_schema(operation_id="find_team", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, login: str) -> Response:
        return Response({"team": team_json(team_with_login(login))})
