"""GET /api/v1/summary and /api/v1/site_metadata."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.describe import operation
from registry.api.rendering import category_json, crate_json, keyword_json
from registry.api.shapes import CategoryShape, CrateShape, KeywordShape, answer, flag, text, total
from registry.queries.summary import summary


class SummaryView(APIView):
    @operation(
        "get_summary",
        "other",
        "Read what the start page shows",
        answer=answer(
            "Summary",
            num_downloads=total(),
            num_crates=total(),
            new_crates=CrateShape(many=True),
            most_downloaded=CrateShape(many=True),
            most_recently_downloaded=CrateShape(many=True),
            just_updated=CrateShape(many=True),
            popular_keywords=KeywordShape(many=True),
            popular_categories=CategoryShape(many=True),
        ),
    )
    def get(self, request: Request) -> Response:
        found = summary()
        body = {
            "num_downloads": found.num_downloads,
            "num_crates": found.num_crates,
            "new_crates": [crate_json(crate) for crate in found.new],
            "most_downloaded": [crate_json(crate) for crate in found.downloaded],
            "most_recently_downloaded": [crate_json(crate) for crate in found.recently_downloaded],
            "just_updated": [crate_json(crate) for crate in found.updated],
            "popular_keywords": [keyword_json(keyword) for keyword in found.keywords],
            "popular_categories": [
                category_json(counted.category, crates=counted.crates)
                for counted in found.categories
            ],
        }
        return Response(body, headers={"Cache-Control": _cache_control()})


class SiteMetadata(APIView):
    @operation(
        "get_site_metadata",
        "other",
        "Read facts about this installation",
        answer=answer(
            "SiteMetadata",
            deployed_sha=text(),
            commit=text(),
            cdn_base=text("where archives and readmes lie"),
            read_only=flag(),
            banner_message=text(null=True),
        ),
    )
    def get(self, request: Request) -> Response:
        body = {
            # Which build runs here is nobody's business on somebody's own server.
            "deployed_sha": "unknown",
            "commit": "unknown",
            "cdn_base": settings.PUBLIC_URL,
            "read_only": settings.READ_ONLY,
            "banner_message": None,
        }
        return Response(body, headers={"Cache-Control": _cache_control()})


def _cache_control() -> str:
    return f"{'private' if settings.AUTH_REQUIRED else 'public'}, max-age=15"
