"""GET /api/v1/organizations/{number}/events: the audit log of a GitHub organisation (g.2)."""

from datetime import UTC, datetime

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotAllowed, NotFound
from registry.api.describe import TOKEN_OR_COOKIE, operation, query
from registry.api.requests import person_of, query_text
from registry.models import Team
from registry.teams import administers
from trustpub.api.shapes import TAG
from trustpub.operations.registration_limits import count_lookup
from trustpub.queries.organization_events import organization_lines

JSON_LINES = "application/x-ndjson"


class OrganizationEvents(APIView):
    """For its owners, as GitHub says at this moment; a token must be without limits."""

    @operation(
        "list_organization_events",
        TAG,
        "Read the audit log of an organization's crates, a line of JSON for each event",
        auth=TOKEN_OR_COOKIE,
        answer=str,
        answer_type=JSON_LINES,
        parameters=[query("since", datetime, "leave out what happened before")],
    )
    def get(self, request: Request, number: int) -> StreamingHttpResponse:
        user, since = person_of(request), _since(request)
        # Larger than what a database compares.
        team = Team.objects.filter(organization_id=min(number, 2**63 - 1)).order_by("pk").first()
        if team is None:
            raise NotFound
        count_lookup(user)
        if not administers(user, team):
            raise NotAllowed("only owners of the organization on GitHub may read its events")
        return StreamingHttpResponse(
            organization_lines(team.organization_id, since=since),
            content_type=JSON_LINES,
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="organization-{number}-events.jsonl"',
            },
        )


def _since(request: Request) -> datetime | None:
    text = query_text(request, "since")
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        # The first and the last of years begin and end elsewhere in a year that there is not.
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("`since` must be a time such as 2026-08-31T12:00:00Z") from None
