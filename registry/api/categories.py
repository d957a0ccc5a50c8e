"""GET /api/v1/categories, …/categories/{slug} and /api/v1/category_slugs."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import NotFound
from registry.api.describe import BY_NUMBER, operation, query
from registry.api.paging import page_of
from registry.api.rendering import category_json
from registry.api.shapes import (
    CategoryFamilyShape,
    CategoryShape,
    SlugShape,
    TotalShape,
    answer,
)
from registry.queries.topics import CountedCategory, all_categories, category_family, top_categories


class CategoryList(APIView):
    @operation(
        "list_categories",
        "categories",
        "List all categories",
        parameters=(query("sort", str, "alpha or crates"), *BY_NUMBER),
        answer=answer("ListCategories", categories=CategoryShape(many=True), meta=TotalShape()),
    )
    def get(self, request: Request) -> Response:
        page = page_of(request)
        found = top_categories(request.query_params.get("sort"))
        return Response(
            {
                "categories": [_json(counted) for counted in found[page.start : page.stop]],
                "meta": {"total": len(found)},
            }
        )


class CategoryDetail(APIView):
    @operation(
        "find_category",
        "categories",
        "Read a category and its relatives",
        answer=answer("FindCategory", category=CategoryFamilyShape()),
    )
    def get(self, request: Request, category: str) -> Response:
        family = category_family(category)
        if family is None:
            raise NotFound
        return Response(
            {
                "category": {
                    **category_json(family.category),
                    "subcategories": [_json(counted) for counted in family.children],
                    "parent_categories": [_json(counted) for counted in family.parents],
                }
            }
        )


class CategorySlugs(APIView):
    @operation(
        "list_category_slugs",
        "categories",
        "List the slugs of all categories",
        answer=answer("ListCategorySlugs", category_slugs=SlugShape(many=True)),
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "category_slugs": [
                    {"id": row.slug, "slug": row.slug, "description": row.description}
                    for row in all_categories()
                ]
            }
        )


def _json(counted: CountedCategory) -> dict[str, object]:
    return category_json(counted.category, crates=counted.crates)
