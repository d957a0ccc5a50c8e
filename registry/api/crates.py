"""/api/v1/crates and /api/v1/crates/{name}."""

from datetime import datetime

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotAllowed
from accounts.step_up import require_fresh
from registry.actors import Person
from registry.api.paging import (
    MAX_PAGE,
    SortKey,
    page_links,
    page_of,
    seek_through,
)
from registry.api.rendering import (
    category_json,
    crate_json,
    keyword_json,
    version_json,
)
from registry.api.requests import (
    actor_of,
    browsing_person_of,
    json_object,
    object_field,
    optional,
    person_of,
    query_number,
    query_text,
    query_texts,
)
from registry.api.shapes import (
    CategoryShape,
    CrateShape,
    KeywordShape,
    PageShape,
    VersionShape,
    answer,
)
from registry.models import Crate, Version
from registry.operations.delete import delete_crate
from registry.operations.settings import set_trustpub_only
from registry.policies import Action, require
from registry.queries.crate_filters import CrateFilter, crates_matching
from registry.queries.lookup import crate_named
from registry.queries.search import Sort, search

INCLUDES = {"versions", "keywords", "categories", "badges", "downloads", "default_version", "full"}


MAX_KEYWORDS = 10
BY_NAME = (SortKey("canonical_name", str),)
# What a list without a search text is sorted by; as in a search, where no relevance decides.
ORDERS: dict[str, tuple[SortKey, ...]] = {
    Sort.NEW: (SortKey("created_at", datetime, True), SortKey("pk", int, True)),
    Sort.RECENT_UPDATES: (SortKey("updated_at", datetime, True), SortKey("pk", int, True)),
    Sort.DOWNLOADS: (SortKey("downloads", int, True), *BY_NAME),
    Sort.RECENT_DOWNLOADS: (SortKey("recent_downloads", int, True), *BY_NAME),
}


class CrateList(APIView):
    @extend_schema(
        operation_id="list_crates",
        parameters=[
            OpenApiParameter("q", str, description="search text"),
            OpenApiParameter("sort", str, description=", ".join(Sort)),
            OpenApiParameter("include_yanked", str, description="`n` hides what is yanked whole"),
            OpenApiParameter("category", str, description="a slug; its subcategories count too"),
            OpenApiParameter("all_keywords", str, description="keywords apart by blanks"),
            OpenApiParameter("keyword", str),
            OpenApiParameter("letter", str, description="with which the name begins"),
            OpenApiParameter("user_id", int, description="who owns the crates"),
            OpenApiParameter("team_id", int, description="which team owns the crates"),
            OpenApiParameter("following", str, description="only what the caller follows"),
            OpenApiParameter("ids[]", str, many=True, description="names"),
            OpenApiParameter("page", int),
            OpenApiParameter("seek", str, description="from `next_page`; not with `q`"),
            OpenApiParameter("per_page", int),
        ],
        responses=answer("ListCrates", crates=CrateShape(many=True), meta=PageShape()),
    )
    def get(self, request: Request) -> Response:
        text = query_text(request, "q") or ""
        crates = crates_matching(_filter_of(request))
        if text.strip() or "page" in request.query_params:
            body = _searched(request, text, crates)
        else:
            body = _sought(request, crates)
        headers = {"Cache-Control": "no-store"} if "following" in request.query_params else None
        return Response(body, headers=headers)


class CrateDetail(APIView):
    @extend_schema(
        operation_id="find_crate",
        parameters=[OpenApiParameter("include", str, description=", ".join(sorted(INCLUDES)))],
        responses=answer(
            "FindCrate",
            crate=CrateShape(),
            versions=VersionShape(many=True, allow_null=True),
            keywords=KeywordShape(many=True, allow_null=True),
            categories=CategoryShape(many=True, allow_null=True),
        ),
    )
    def get(self, request: Request, name: str) -> Response:
        include = _includes(request.query_params.get("include", "full"))
        crate = crate_named(name)
        whole = "full" in include
        versions = _versions(crate, include)
        ids = [version.pk for version in versions] if versions is not None else None
        return Response(
            {
                "crate": crate_json(
                    crate,
                    version_ids=ids,
                    keywords=whole or "keywords" in include,
                    categories=whole or "categories" in include,
                    with_versions=whole or "versions" in include,
                    with_recent=whole or "downloads" in include,
                ),
                "versions": None if versions is None else [version_json(v) for v in versions],
                "keywords": _keywords(crate) if whole or "keywords" in include else None,
                "categories": _categories(crate) if whole or "categories" in include else None,
            }
        )

    @extend_schema(
        operation_id="update_crate",
        request=OpenApiTypes.OBJECT,
        responses=answer("UpdateCrate", crate=CrateShape()),
    )
    def patch(self, request: Request, name: str) -> Response:
        actor = actor_of(request)
        if actor.api_token and actor.api_token.endpoint_scopes is None:
            raise NotAllowed(
                "This endpoint cannot be used with legacy API tokens. "
                "Use a token with the `trusted-publishing` scope."
            )
        wanted = optional(object_field(json_object(request), "crate"), "trustpub_only", bool)
        crate = crate_named(name)
        require(actor, Action.CHANGE_SETTINGS, crate)
        if wanted is False:
            require_fresh(request)
        if wanted is not None:
            crate = set_trustpub_only(actor=actor, crate=crate, trustpub_only=wanted)
        return Response({"crate": crate_json(crate, with_versions=False, with_recent=False)})

    @extend_schema(
        operation_id="delete_crate",
        parameters=[OpenApiParameter("message", str, description="the reason, if there is one")],
        responses={204: None},
    )
    def delete(self, request: Request, name: str) -> Response:
        user = browsing_person_of(request)
        message = query_text(request, "message") or ""
        delete_crate(actor=Person(user), crate=crate_named(name), message=message)
        return Response(status=204)


def _includes(text: str) -> set[str]:
    wanted = {part for part in text.split(",") if part}
    if unknown := wanted - INCLUDES:
        raise InvalidInput(
            f"invalid component `{min(unknown)[:40]}` for `include`; "
            f"expected one of: {', '.join(sorted(INCLUDES))}"
        )
    return wanted


def _searched(request: Request, text: str, crates: QuerySet[Crate]) -> dict[str, object]:
    """By page number: only the search itself knows the order by relevance."""
    page = page_of(request, max_page=MAX_PAGE)
    found = search(
        text,
        page=page.page,
        per_page=page.per_page,
        sort=request.query_params.get("sort"),
        crates=crates,
    )
    shown = [
        crate_json(crate, exact_match=found.exact is not None and crate.pk == found.exact.pk)
        for crate in found.crates
    ]
    meta = {"total": found.total, **page_links(request, page, found.total)}
    return {"crates": shown, "meta": meta}


def _sought(request: Request, crates: QuerySet[Crate]) -> dict[str, object]:
    keys = ORDERS.get(request.query_params.get("sort", ""), BY_NAME)
    page = seek_through(request, crates, keys)
    return {
        "crates": [crate_json(crate) for crate in page.rows],
        "meta": {"total": crates.count(), "next_page": page.next_page, "prev_page": None},
    }


def _filter_of(request: Request) -> CrateFilter:
    letter = query_text(request, "letter")
    if letter == "":
        raise InvalidInput("letter value must contain 1 character")
    all_keywords = query_text(request, "all_keywords")
    follows = "following" in request.query_params
    return CrateFilter(
        all_keywords=None if all_keywords is None else all_keywords.split()[:MAX_KEYWORDS],
        keyword=query_text(request, "keyword"),
        letter=letter,
        user_id=query_number(request, "user_id"),
        team_id=query_number(request, "team_id"),
        follower=person_of(request) if follows else None,
        names=query_texts(request, "ids[]"),
        category=query_text(request, "category"),
        with_yanked=query_text(request, "include_yanked") in (None, "yes"),
    )


def _versions(crate: Crate, include: set[str]) -> list[Version] | None:
    if include & {"full", "versions"}:
        return list(crate.versions.for_rendering().newest_first())
    if "default_version" in include:
        return list(crate.versions.for_rendering().filter(num=crate.default_version))
    return None


def _keywords(crate: Crate) -> list[dict[str, object]]:
    return [keyword_json(row) for row in crate.keyword_rows.order_by("keyword")]


def _categories(crate: Crate) -> list[dict[str, object]]:
    return [category_json(row) for row in crate.category_rows.order_by("slug")]
