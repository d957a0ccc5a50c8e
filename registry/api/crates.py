"""/api/v1/crates and /api/v1/crates/{name}."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotAllowed
from accounts.step_up import require_fresh
from registry.actors import Person
from registry.api.bodies import CRATE_UPDATE
from registry.api.describe import (
    ANYONE_OR_PERSON,
    BOTH_WAYS,
    COOKIE,
    ID,
    TOKEN_OR_COOKIE,
    operation,
    query,
)
from registry.api.paging import (
    MAX_PAGE,
    SortKey,
    page_links,
    page_of,
    per_page_of,
    seek_link,
    seek_through,
    seek_values,
)
from registry.api.rendered import Answer, kept_answer
from registry.api.rendering import (
    category_json,
    crate_json,
    keyword_json,
    version_json,
)
from registry.api.requests import (
    actor_of,
    browsing_person_of,
    is_plain_read,
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
from registry.models import Category, Crate, Keyword, Version
from registry.operations.delete import delete_crate
from registry.operations.settings import set_trustpub_only
from registry.policies import Action, require
from registry.queries.crate_filters import CrateFilter, crates_matching
from registry.queries.lookup import crate_named
from registry.queries.search import (
    Place,
    SearchPage,
    Sort,
    continue_search,
    is_by_relevance,
    matching,
    search,
)

INCLUDES = ("versions", "keywords", "categories", "badges", "downloads", "default_version", "full")
INCLUDE = query("include", str, f"with commas between: {', '.join(INCLUDES)}")
FIND_CRATE = answer(
    "FindCrate",
    crate=CrateShape(),
    versions=VersionShape(many=True, allow_null=True),
    keywords=KeywordShape(many=True, allow_null=True),
    categories=CategoryShape(many=True, allow_null=True),
)

MAX_KEYWORDS = 10
BY_NAME = (SortKey("canonical_name", str),)
BY_EXACT_NAME = (SortKey("is_exact", int, True), *BY_NAME)
# What lists and searches are sorted by where no relevance decides.
ORDERS: dict[str, tuple[SortKey, ...]] = {
    Sort.NEW: (SortKey("created_at", datetime, True), SortKey("pk", int, True)),
    Sort.RECENT_UPDATES: (SortKey("updated_at", datetime, True), SortKey("pk", int, True)),
    Sort.DOWNLOADS: (SortKey("downloads", int, True), *BY_NAME),
    Sort.RECENT_DOWNLOADS: (SortKey("recent_downloads", int, True), *BY_NAME),
}


class CrateList(APIView):
    @operation(
        "list_crates",
        "crates",
        "List and search crates",
        auth=ANYONE_OR_PERSON,
        parameters=[
            query("sort", str, ", ".join(Sort)),
            query("q", str, "search text"),
            query("include_yanked", str, "any value but `yes` hides crates that are yanked whole"),
            query("category", str, "a slug; its subcategories count too"),
            query("all_keywords", str, "keywords apart by blanks, of which a crate has every one"),
            query("keyword", str, "a keyword of the crates"),
            query("letter", str, "with which the names begin"),
            query("user_id", ID, "who owns the crates"),
            query("team_id", ID, "which team owns the crates"),
            query("following", str, "only what the caller follows, whatever the value"),
            query("ids[]", str, "only crates of these names", many=True),
            *BOTH_WAYS,
        ],
        answer=answer("ListCrates", crates=CrateShape(many=True), meta=PageShape()),
    )
    def get(self, request: Request) -> Response:
        text = query_text(request, "q") or ""
        wanted = _filter_of(request)
        # Of all crates, common words are found quicker.
        crates = None if wanted == CrateFilter() else crates_matching(wanted)
        if "page" in request.query_params:
            body = _numbered(request, text, crates)
        elif text.strip() and is_by_relevance(request.query_params.get("sort")):
            body = _ranked(request, text, crates)
        else:
            body = _sought(request, text, crates)
        headers = {"Cache-Control": "no-store"} if "following" in request.query_params else None
        return Response(body, headers=headers)


class CrateDetail(APIView):
    @operation(
        "find_crate",
        "crates",
        "Read a crate",
        parameters=[INCLUDE],
        answer=FIND_CRATE,
    )
    def get(self, request: Request, name: str) -> Response:
        include = _includes(request.query_params.get("include", "full"))
        crate = crate_named(name)
        whole = "full" in include
        return Response(
            _found(
                crate,
                include,
                _versions(crate, include),
                _keywords(crate) if whole or "keywords" in include else None,
                _categories(crate) if whole or "categories" in include else None,
            )
        )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who only reads, and the whole, gets what was rendered before, if it still holds."""
        if is_plain_read(request) and (answer := kept_answer(request, kwargs["name"], _whole)):
            return answer
        return super().dispatch(request, *args, **kwargs)

    @operation(
        "update_crate",
        "crates",
        "Change the settings of a crate",
        auth=TOKEN_OR_COOKIE,
        body=CRATE_UPDATE,
        answer=answer("UpdateCrate", crate=CrateShape()),
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

    @operation(
        "delete_crate",
        "crates",
        "Delete a crate",
        auth=COOKIE,
        parameters=[query("message", str, "the reason, if there is one")],
        status=204,
    )
    def delete(self, request: Request, name: str) -> Response:
        user = browsing_person_of(request)
        message = query_text(request, "message") or ""
        delete_crate(actor=Person(user), crate=crate_named(name), message=message)
        return Response(status=204)


def _includes(text: str) -> set[str]:
    wanted = {part for part in text.split(",") if part}
    if wanted - set(INCLUDES):
        *names, last = (f"'{name}'" for name in INCLUDES)
        raise InvalidInput(
            f"invalid component for ?include= (expected {', '.join(names)}, or {last})"
        )
    return wanted


def _numbered(request: Request, text: str, crates: QuerySet[Crate] | None) -> dict[str, object]:
    """By page number, for who asks for one."""
    page = page_of(request, max_page=MAX_PAGE)
    sort = request.query_params.get("sort")
    most = settings.SEARCH_MAX_FOUND
    if text.strip() and is_by_relevance(sort) and page.start >= most:
        raise InvalidInput(
            f"Cannot page beyond the first {most} results when sorting by relevance; "
            "narrow the search instead"
        )
    found = search(text, page=page.page, per_page=page.per_page, sort=sort, crates=crates)
    meta = {"total": found.total, **page_links(request, page, found.total)}
    return {"crates": _found_json(found), "meta": meta}


def _ranked(request: Request, text: str, crates: QuerySet[Crate] | None) -> dict[str, object]:
    """By relevance, an order without a key to continue behind."""
    per_page = per_page_of(request)
    values = seek_values(request, [int, int])
    after = (
        None
        if values is None
        else Place(min(max(values[0], 0), settings.SEARCH_MAX_FOUND), values[1])
    )
    found = continue_search(text, after=after, per_page=per_page, crates=crates)
    next_page = None
    if found.last and len(found.crates) == per_page:
        next_page = seek_link(request, [found.last.position, found.last.pk])
    meta = {"total": found.total, "next_page": next_page, "prev_page": None}
    return {"crates": _found_json(found), "meta": meta}


def _sought(request: Request, text: str, crates: QuerySet[Crate] | None) -> dict[str, object]:
    """Behind the last crate of the page before."""
    sort = request.query_params.get("sort", "")
    if text.strip():
        keys = ORDERS.get(sort, BY_EXACT_NAME)
        rows = matching(text, sort=sort, crates=crates)
    else:
        keys = ORDERS.get(sort, BY_NAME)
        rows = Crate.objects.all() if crates is None else crates
    page = seek_through(request, rows, keys)
    total = rows.count()
    if text.strip() and not total:
        guessed = search(text, page=1, per_page=per_page_of(request), sort=sort, crates=crates)
        meta = {"total": guessed.total, "next_page": None, "prev_page": None}
        return {"crates": _found_json(guessed), "meta": meta}
    shown = [crate_json(row, exact_match=bool(getattr(row, "is_exact", 0))) for row in page.rows]
    return {
        "crates": shown,
        "meta": {"total": total, "next_page": page.next_page, "prev_page": None},
    }


def _found_json(found: SearchPage) -> list[dict[str, object]]:
    exact = found.exact.pk if found.exact else None
    return [crate_json(crate, exact_match=crate.pk == exact) for crate in found.crates]


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
    if "default_version" in include and crate.default_version:
        return list(crate.versions.for_rendering().filter(num=crate.default_version))
    return None


def _keywords(crate: Crate) -> list[Keyword]:
    return list(crate.keyword_rows.order_by("keyword"))


def _categories(crate: Crate) -> list[Category]:
    return list(crate.category_rows.order_by("slug"))


def _found(
    crate: Crate,
    include: set[str],
    versions: list[Version] | None,
    keywords: list[Keyword] | None,
    categories: list[Category] | None,
) -> dict[str, object]:
    whole = "full" in include
    # The default version alone is not what the crate's list of versions would hold.
    ids = [version.pk for version in versions or ()] if include & {"full", "versions"} else None
    return {
        "crate": crate_json(
            crate,
            version_ids=ids,
            keywords=keywords is not None,
            categories=categories is not None,
            with_versions=whole or "versions" in include,
            with_recent=whole or "downloads" in include,
        ),
        "versions": None if versions is None else [version_json(v) for v in versions],
        "keywords": None if keywords is None else [keyword_json(row) for row in keywords],
        "categories": None if categories is None else [category_json(row) for row in categories],
    }


def quickly(request: HttpRequest, name: str) -> HttpResponseBase | None:
    """The whole of a crate for who only reads; None where the usual way knows better."""
    return kept_answer(request, name, _whole) if is_plain_read(request) else None


def _whole(request: Request, crate: Crate) -> Answer:
    versions = list(crate.versions.for_rendering().newest_first())
    keywords, categories = _keywords(crate), _categories(crate)
    body = _found(crate, {"full"}, versions, keywords, categories)
    return Answer(body, versions, topics=(keywords, categories))
