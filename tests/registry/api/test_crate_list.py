import base64

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.operations.tokens import create_token
from registry.models import Follow
from tests.cases import in_turn
from tests.factories.registry import make_crate, make_version
from tests.wire import refusal, send

pytestmark = [pytest.mark.django_db, pytest.mark.queries]
CRATES = "/api/v1/crates"


def names(query: str, token: str | None = None) -> list[str]:
    return [row["name"] for row in send("GET", f"{CRATES}?{query}", token).json()["crates"]]


@pytest.fixture
def _seas(alice: User, bob: User) -> None:
    for name, owner, keywords, categories in (
        ("atlantic", alice, ["sea", "deep"], ["science::geo"]),
        ("Baltic-Sea", bob, ["sea"], ["science"]),
        ("caspian", bob, ["lake"], ["games"]),
    ):
        crate = make_crate(name, owner=owner, keywords=keywords, categories=categories)
        make_version(crate, yanked=name == "caspian")
    crate.max_version = ""
    crate.save()


@pytest.mark.usefixtures("_seas")
@in_turn(
    ("query", "found"),
    [
        ("", ["atlantic", "Baltic-Sea", "caspian"]),
        ("keyword=SEA", ["atlantic", "Baltic-Sea"]),
        ("all_keywords=sea%20deep", ["atlantic"]),
        ("all_keywords=sea%20lake", []),
        ("category=science", ["atlantic", "Baltic-Sea"]),
        ("category=science::geo", ["atlantic"]),
        ("category=nothing", []),
        ("category=science&keyword=deep", ["atlantic"]),
        ("letter=B", ["Baltic-Sea"]),
        ("letter=b", ["Baltic-Sea"]),
        ("letter=%25", []),
        ("ids[]=baltic_sea&ids[]=caspian&ids[]=gone", ["Baltic-Sea", "caspian"]),
        ("include_yanked=n", ["atlantic", "Baltic-Sea"]),
        ("include_yanked=yes", ["atlantic", "Baltic-Sea", "caspian"]),
        ("q=sea&keyword=deep", ["atlantic"]),
        ("team_id=1", []),
        # The first of them counts alone.
        ("all_keywords=deep&keyword=lake&letter=c", ["atlantic"]),
        ("keyword=lake&letter=a", ["caspian"]),
        ("letter=a&ids[]=caspian", ["atlantic"]),
    ],
)
@in_turn("mode", ["", "&page=1"])
def test_filters(query: str, found: list[str], mode: str) -> None:
    assert names(query + mode) == found


@pytest.mark.usefixtures("_seas")
def test_crates_of_one_owner(bob: User) -> None:
    assert names(f"user_id={bob.pk}") == ["Baltic-Sea", "caspian"]


@pytest.mark.usefixtures("_seas")
def test_only_the_whole_caller_sees_what_they_follow(alice: User, alice_token: str) -> None:
    crate = make_crate("danube")
    Follow.objects.create(user=alice, crate=crate)
    limited = create_token(user=alice, name="ci", scopes=["yank"]).text

    answer = send("GET", f"{CRATES}?following=1", alice_token)

    assert [row["name"] for row in answer.json()["crates"]] == ["danube"]
    assert answer["Cache-Control"] == "no-store"
    assert refusal(send("GET", f"{CRATES}?following"), 403)["code"] == "authentication_required"
    error = refusal(send("GET", f"{CRATES}?following=1", limited), 403)
    assert error["code"] == "token_lacks_permission"


def test_seeking_misses_nothing_while_crates_come_in() -> None:
    for number in range(5):
        make_crate(f"sea-{number}")
    first = send("GET", f"{CRATES}?per_page=2&sort=new&letter=s").json()
    make_crate("sea-9")

    second = send("GET", f"{CRATES}{first['meta']['next_page']}").json()
    third = send("GET", f"{CRATES}{second['meta']['next_page']}").json()

    shown = [row["name"] for page in (first, second, third) for row in page["crates"]]
    assert shown == ["sea-4", "sea-3", "sea-2", "sea-1", "sea-0"]
    assert first["meta"]["next_page"].startswith("?per_page=2&sort=new&letter=s&seek=")
    assert (first["meta"]["total"], third["meta"]["next_page"]) == (5, None)


@pytest.mark.parametrize(
    "sort", ["alphabetical", "new", "recent-updates", "downloads", "recent-downloads", "alpha"]
)
def test_every_sort_can_be_sought_through(sort: str) -> None:
    expected = sorted(
        make_crate(f"sea-{number}", downloads=number // 2, recent_downloads=number % 2).name
        for number in range(5)
    )
    shown: list[str] = []
    link = f"?per_page=1&sort={sort}"

    while link:
        page = send("GET", f"{CRATES}{link}").json()
        shown += [row["name"] for row in page["crates"]]
        link = page["meta"]["next_page"]

    assert sorted(shown) == expected
    assert len(shown) == 5


@pytest.mark.parametrize("sort", ["", "&sort=relevance", "&sort=downloads", "&sort=alphabetical"])
def test_a_search_can_be_sought_through(sort: str) -> None:
    for number in range(5):
        make_crate(f"sea-{number}", downloads=5 - number)
    shown: list[str] = []
    link = f"?q=sea&per_page=2{sort}"

    while link:
        page = send("GET", f"{CRATES}{link}").json()
        assert page["meta"]["total"] == 5
        shown += [row["name"] for row in page["crates"]]
        link = page["meta"]["next_page"]
        assert link is None or "seek=" in link

    assert shown == [f"sea-{number}" for number in range(5)]


def test_by_relevance_no_page_lies_behind_the_crates_that_are_ranked() -> None:
    make_crate("sea")

    assert send("GET", f"{CRATES}?q=sea&per_page=100&page=10").status_code == 200
    assert send("GET", f"{CRATES}?q=sea&per_page=100&page=11&sort=new").status_code == 200
    error = refusal(send("GET", f"{CRATES}?q=sea&per_page=100&page=11"), 400)
    assert error["detail"].startswith("Cannot page beyond the first 1000 results")


@pytest.mark.parametrize("sort", ["", "&sort=downloads"])
def test_a_guess_is_one_page(sort: str) -> None:
    make_crate("atlantic")

    page = send("GET", f"{CRATES}?q=atlantik{sort}").json()

    assert [row["name"] for row in page["crates"]] == ["atlantic"]
    assert (page["meta"]["total"], page["meta"]["next_page"]) == (1, None)


def seek(text: str) -> str:
    return "seek=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@in_turn(
    ("query", "detail"),
    [
        ("letter=", "letter value must contain 1 character"),
        ("q=%00", "parameter `q` cannot contain the NUL byte"),
        ("keyword=%00", "parameter `keyword` cannot contain the NUL byte"),
        ("category=a%00", "parameter `category` cannot contain the NUL byte"),
        ("ids[]=%00", "parameter `ids[]` cannot contain the NUL byte"),
        ("letter=%00", "parameter `letter` cannot contain the NUL byte"),
        ("user_id=x", "Failed to deserialize query string: user_id: must be a whole number"),
        (
            "user_id=99999999999999999999",
            "Failed to deserialize query string: user_id: must be a whole number",
        ),
        (
            "page=201",
            (
                "Page 201 is unavailable for performance reasons, the last one is 200; "
                "narrow the search instead"
            ),
        ),
        ("page=1&seek=WzFd", "providing both ?page= and ?seek= is unsupported"),
        ("seek=!", "invalid seek parameter"),
        ("seek=%C3%A9", "invalid seek parameter"),
        ("seek=" + "A" * 5000, "invalid seek parameter"),
        (seek("[" * 700), "invalid seek parameter"),
        (seek("[1]"), "invalid seek parameter"),
        (seek('["a\\u0000"]'), "invalid seek parameter"),
        (seek('["\\ud800"]'), "invalid seek parameter"),
        (seek('["a", "b"]'), "invalid seek parameter"),
        (seek("{}"), "invalid seek parameter"),
        ("sort=new&" + seek('["0001-01-01T00:00:00+23:00", 1]'), "invalid seek parameter"),
        ("sort=new&" + seek('["2026-01-01T00:00:00", 1]'), "invalid seek parameter"),
        ("sort=downloads&" + seek('[1e999, "a"]'), "invalid seek parameter"),
        ("q=sea&" + seek('["sea"]'), "invalid seek parameter"),
        ("q=sea&" + seek("[1, true]"), "invalid seek parameter"),
        ("q=sea&sort=new&" + seek("[1, 1]"), "invalid seek parameter"),
        ("sort=downloads&" + seek('[true, "a"]'), "invalid seek parameter"),
        ("sort=downloads&" + seek('[99999999999999999999, "a"]'), "invalid seek parameter"),
    ],
)
def test_odd_queries_are_refused(query: str, detail: str) -> None:
    assert refusal(send("GET", f"{CRATES}?{query}"), 400)["detail"] == detail


def test_the_cost_does_not_grow(
    django_assert_max_num_queries: DjangoAssertNumQueries, client: Client
) -> None:
    for number in range(9):
        make_version(make_crate(f"sea-{number}", keywords=["sea"], categories=["games"]))

    with django_assert_max_num_queries(2):
        send("GET", f"{CRATES}?category=games&keyword=sea")
