"""GET /api/v1/teams/{login}."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import operation
from registry.api.rendering import team_json
from registry.api.shapes import TeamShape, answer
from registry.queries.owners import team_with_login


class TeamDetail(APIView):
    @operation("find_team", "teams", "Read a team", answer=answer("FindTeam", team=TeamShape()))
    def get(self, request: Request, team: str) -> Response:
        return Response({"team": team_json(team_with_login(team))})
