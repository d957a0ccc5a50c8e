"""GET /api/v1/keywords and …/keywords/{keyword}."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import NotFound
from registry.api.describe import BY_NUMBER, operation, query
from registry.api.paging import page_of
from registry.api.rendering import keyword_json
from registry.api.shapes import KeywordShape, TotalShape, answer
from registry.models import Keyword
from registry.queries.topics import keywords_by


class KeywordList(APIView):
    @operation(
        "list_keywords",
        "keywords",
        "List all keywords",
        parameters=(query("sort", str, "alpha or crates"), *BY_NUMBER),
        answer=answer("ListKeywords", keywords=KeywordShape(many=True), meta=TotalShape()),
    )
    def get(self, request: Request) -> Response:
        page = page_of(request)
        found = keywords_by(request.query_params.get("sort"))
        total = found.count()
        shown = found[page.start : page.stop] if page.start < total else []
        return Response(
            {"keywords": [keyword_json(row) for row in shown], "meta": {"total": total}}
        )


class KeywordDetail(APIView):
    @operation(
        "find_keyword",
        "keywords",
        "Read a keyword",
        answer=answer("FindKeyword", keyword=KeywordShape()),
    )
    def get(self, request: Request, keyword: str) -> Response:
        # PostgreSQL refuses NUL in any parameter; no keyword has one.
        rows = Keyword.objects.none() if "\0" in keyword else Keyword.objects.all()
        found = rows.filter(keyword=keyword.lower()).first()
        if found is None:
            raise NotFound
        return Response({"keyword": keyword_json(found)})
