"""Every case holds on whichever database the run uses."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.conf import LazySettings
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.formats.search_text import search_text
from registry.models import Crate, SearchDocument
from registry.models.search_document import REST
from registry.operations import search_document, search_tiers
from registry.queries import search_postgresql
from registry.queries.search import continue_search, search
from tests.cases import in_turn
from tests.factories.registry import make_crate, make_version

pytestmark = [pytest.mark.django_db, pytest.mark.queries]
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def names(text: str, *, page: int = 1, per_page: int = 10, sort: str | None = None) -> list[str]:
    found = search(text, page=page, per_page=per_page, sort=sort)
    return [crate.name for crate in found.crates]


@pytest.fixture
def shelf(db: None) -> None:
    """A few crates as they are, downloads for the order among those that fit alike."""
    make_crate("serde", description="A generic serialization framework", downloads=900)
    make_crate(
        "serde_json", keywords=["json", "serde"], description="A JSON file format", downloads=800
    )
    make_crate("serde-yaml", description="YAML data format for Serde", downloads=100)
    make_crate("simd-json", keywords=["parser"], description="Fast", readme="As serde does it")
    make_crate("json", description="JSON parsers in Rust", downloads=300)
    make_crate(
        "tokio", keywords=["async", "io"], description="An event-driven runtime", downloads=600
    )
    make_crate("tokio-util", description="Utilities for Tokio", downloads=50)
    make_crate("mini-tokio", readme="A runtime for teaching; see tokio", downloads=70)
    make_crate("reqwest", keywords=["http", "client"], description="Higher level HTTP client")
    make_crate("hyper", keywords=["http"], description="Fast and correct", readme="An async client")
    make_crate("which", description="Finds executables")
    make_crate("egui", keywords=["gui"], description="An immediate mode interface")
    make_crate("ui-kit", description="Widgets")
    make_crate("my-ui", description="Mine")
    make_crate("wordy", description="What which and the would say", readme="or not near it")


@in_turn(
    ("text", "expected"),
    [
        # The name itself, names that begin with it, names that hold it, then the other fields.
        ("serde", ["serde", "serde_json", "serde-yaml", "simd-json"]),
        ("json", ["json", "serde_json", "simd-json"]),
        ("tokio", ["tokio", "tokio-util", "mini-tokio"]),
        ("http", ["hyper", "reqwest"]),
        ("client", ["reqwest", "hyper"]),
        ("runtime", ["tokio", "mini-tokio"]),
        # Somebody is still typing.
        ("serd", ["serde", "serde_json", "serde-yaml", "simd-json"]),
        ("toki", ["tokio", "tokio-util", "mini-tokio"]),
        ("serde-", ["serde_json", "serde-yaml", "serde", "simd-json"]),
        ("kio", ["tokio", "mini-tokio", "tokio-util"]),
        # Short words count where a word begins.
        ("ui", ["ui-kit", "my-ui"]),
        ("y", ["serde-yaml"]),
        # Several words, each somewhere.
        ("serde json", ["serde_json", "simd-json"]),
        ("json serde", ["serde_json", "simd-json"]),
        ("json parser", ["simd-json", "json"]),
        ("fast client", ["hyper"]),
        # Words that mean nothing are looked for in names alone, and only without others.
        ("which", ["which"]),
        ("the http client", ["reqwest", "hyper"]),
        # Words of one stem are one word.
        ("parsers", ["simd-json", "json"]),
        ("serializations", ["serde"]),
        # Case, signs and accents do not matter.
        ("SERDE_JSON", ["serde_json", "simd-json"]),
        ("serde::json", ["serde_json", "simd-json"]),
        ("t\u00f3kio-util", ["tokio-util"]),
        # A slip in a name.
        ("sered", ["serde"]),
        ("tokoi", ["tokio"]),
        ("reqwets", ["reqwest"]),
        ("rekwest", ["reqwest"]),
        ("serde_jsn", ["serde_json"]),
        ("serde jsno", ["serde_json"]),
        ("zzzzzz", []),
    ],
)
def test_it_finds(shelf: None, text: str, expected: list[str]) -> None:
    assert names(text) == expected


@in_turn(
    "text",
    [
        "%",
        "_%_",
        "\\",
        '"',
        "a\0b",
        "x" * 100_000,
        "'; --",
        "\u202e",
        "*",
        "-",
        "^",
        "(",
        '")',
        "''",
        ":*",
        "{name}:",
        "NEAR/2",
        "qq NOT serde",
        "qq OR serde",
        "qq | serde",
        "\ud800",
        "\U0001f980",
        "\u0301",
    ],
)
@in_turn("sort", [None, "downloads", "alpha"])
def test_strange_texts_find_nothing(shelf: None, text: str, sort: str | None) -> None:
    found = search(text, page=1, per_page=10, sort=sort)

    assert (found.crates, found.total) == ([], 0)


@in_turn(
    ("text", "expected"),
    [("tokio*", "tokio"), ('"tokio"', "tokio"), ("tokio:*", "tokio"), ("name:tokio", None)],
)
def test_what_looks_like_syntax_is_text(shelf: None, text: str, expected: str | None) -> None:
    assert next(iter(names(text)), None) == expected


@pytest.mark.parametrize("text", ["serde-json", "serde_json", "Serde_JSON", " serde-json "])
def test_spelling_does_not_matter(text: str) -> None:
    crate = make_crate("Serde-Json")

    found = search(text, page=1, per_page=10)

    assert found.exact == crate


def test_a_keyword_counts_as_a_whole() -> None:
    make_crate("aaa", keywords=["json-schema"])

    assert names("schem") == []
    assert names("json-schema") == ["aaa"]


def test_downloads_decide_among_crates_that_fit_alike_and_then_the_name() -> None:
    make_crate("x-b")
    make_crate("x_a")
    make_crate("x-c", downloads=5)

    assert names("x") == ["x-c", "x_a", "x-b"]


def test_a_guess_is_called_one() -> None:
    make_crate("serde")

    guess, hit = search("sedre", page=1, per_page=5), search("serde", page=1, per_page=5)

    assert (guess.is_guess, guess.total, guess.exact) == (True, 1, None)
    assert (hit.is_guess, hit.total) == (False, 1)


def test_the_longest_names_are_guessed() -> None:
    name = "abcdefghijklmnopqrstuvwxyz-0123456789-" + "z" * 26
    make_crate(name)

    assert names(name.replace("hij", "hji")) == [name]
    assert names(name + "qqq") == []


def test_short_names_are_not_guessed() -> None:
    make_crate("abc")

    assert names("abd") == []


def test_it_lists_all_crates_by_name_without_a_text() -> None:
    for name in ("b", "C", "a"):
        make_crate(name)

    assert names("") == ["a", "b", "C"]
    assert names("  ", sort="relevance") == ["a", "b", "C"]


@in_turn(
    ("sort", "expected"),
    [
        ("alphabetical", ["x-1", "x-2", "x-3"]),
        ("new", ["x-3", "x-2", "x-1"]),
        ("recent-updates", ["x-2", "x-3", "x-1"]),
        ("downloads", ["x-1", "x-3", "x-2"]),
        ("recent-downloads", ["x-2", "x-3", "x-1"]),
        ("something else", ["x-1", "x-2", "x-3"]),
    ],
)
@in_turn("text", ["x", ""])
def test_it_sorts(text: str, sort: str, expected: list[str]) -> None:
    later = DAY + timedelta(days=9)
    make_crate("x-1", created_at=DAY, updated_at=DAY, downloads=7)
    make_crate("x-2", created_at=DAY + timedelta(days=1), updated_at=later, recent_downloads=2)
    make_crate(
        "x-3",
        created_at=DAY + timedelta(days=2),
        updated_at=DAY,
        downloads=3,
        recent_downloads=1,
    )

    assert names(text, sort=sort) == expected


@pytest.mark.parametrize("sort", ["alpha", "alphabetical"])
def test_a_sort_by_name_puts_the_exact_hit_first(sort: str) -> None:
    for name in ("a-x", "x", "b-x"):
        make_crate(name)

    assert names("x", sort=sort) == ["x", "a-x", "b-x"]


@pytest.mark.parametrize("sort", [None, "downloads", "alpha"])
def test_it_looks_among_the_crates_it_is_given(alice: User, sort: str | None) -> None:
    make_crate("hers", owner=alice, description="json")
    make_crate("json")

    mine = Crate.objects.owned_by(alice)
    found = search("json", page=1, per_page=5, sort=sort, crates=mine)
    everything = search("", page=1, per_page=5, sort=sort, crates=mine)
    guessed = search("jsno", page=1, per_page=5, sort=sort, crates=mine)

    assert ([crate.name for crate in found.crates], found.total) == (["hers"], 1)
    assert ([crate.name for crate in everything.crates], everything.total) == (["hers"], 1)
    assert guessed.total == 0


def test_pages_follow_one_another_and_all_are_counted() -> None:
    for number in range(5):
        make_crate(f"page-{number}")

    found = search("page", page=2, per_page=2)

    assert [crate.name for crate in found.crates] == ["page-2", "page-3"]
    assert found.total == 5


@pytest.mark.parametrize("text", ["", "one", "oen!", "noe-"])
def test_a_page_past_the_end_is_empty(text: str) -> None:
    make_crate("one")

    found = search(text, page=10**30, per_page=100)

    assert found.crates == []
    assert found.total == (0 if text in {"oen!", "noe-"} else 1)


def test_what_is_found_is_limited(settings: LazySettings) -> None:
    for number in range(6):
        make_crate(f"by-name-{number}", description="word", downloads=number)
    make_crate("word")
    settings.SEARCH_MAX_FOUND = 4

    found = search("word", page=1, per_page=10)

    assert [crate.name for crate in found.crates] == ["word", "by-name-5", "by-name-4", "by-name-3"]
    assert (found.total, found.is_capped) == (4, True)


def test_other_sorts_have_no_such_limit(settings: LazySettings) -> None:
    for number in range(6):
        make_crate(f"by-name-{number}", description="word", downloads=number)
    settings.SEARCH_MAX_FOUND = 4

    found = search("word", page=3, per_page=2, sort="downloads")

    assert [crate.name for crate in found.crates] == ["by-name-1", "by-name-0"]
    assert (found.total, found.is_capped) == (6, False)


def test_a_search_goes_on_behind_the_last_crate_that_was_shown() -> None:
    for number in range(4):
        make_crate(f"sea-{number}", downloads=number)
    first = continue_search("sea", after=None, per_page=2)
    make_crate("sea-9", downloads=9)

    second = continue_search("sea", after=first.last, per_page=2)
    assert [crate.name for crate in first.crates] == ["sea-3", "sea-2"]
    assert [crate.name for crate in second.crates] == ["sea-1", "sea-0"]

    Crate.objects.get(name="sea-2").delete()
    again = continue_search("sea", after=first.last, per_page=2)
    assert [crate.name for crate in again.crates] == ["sea-1", "sea-0"]


def test_a_new_description_takes_the_place_of_the_old_one() -> None:
    crate = make_crate("one", description="old")
    crate.description = "new"

    search_document.write(crate, readme="")

    assert (names("old"), names("new")) == ([], ["one"])


def test_a_crate_that_is_gone_is_not_found() -> None:
    make_crate("other", description="word")
    make_crate("gone", description="word").delete()

    assert names("word") == ["other"]
    assert names("gone") == []
    assert names("gonne") == []


def test_rebuilding_takes_the_readme_of_the_last_version() -> None:
    crate = make_crate("one")
    make_version(crate, "1.0.0", readme="older")
    make_version(crate, "0.9.0", readme="newer")
    SearchDocument.objects.all().delete()
    assert names("one") == []

    assert search_document.rebuild() == 1

    assert (names("older"), names("newer"), names("one")) == ([], ["one"], ["one"])


@pytest.mark.postgres
@in_turn("text", ["tide", "sea tide", "s"])
def test_the_index_finds_all_of_it(text: str) -> None:
    found = search_postgresql.matching(search_text(text).words, tier=3)

    with connection.cursor() as cursor:
        # A table that is known to be all but empty is quicker to read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {found.sql}", found.params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan on registry_search_lexemes" in plan


@pytest.mark.parametrize(
    ("text", "sort", "queries"),
    [
        ("crate", None, 3),
        ("crate", "relevance", 3),
        ("crate", "downloads", 2),
        ("craet", None, 3),
        ("craet", "new", 2),
        ("", None, 2),
        ("%", None, 0),
    ],
)
def test_it_needs_few_queries(
    django_assert_num_queries: DjangoAssertNumQueries, text: str, sort: str | None, queries: int
) -> None:
    for number in range(5):
        make_crate(f"crate{number}", keywords=["a"])

    with django_assert_num_queries(queries):
        search(text, page=1, per_page=3, sort=sort)


def test_a_document_costs_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    crate = make_crate("one")

    with django_assert_num_queries(1):
        search_document.write(crate, readme="text")


@pytest.mark.parametrize("most", [3, 8, 100])
def test_tiers_of_popular_crates_change_nothing(settings: LazySettings, most: int) -> None:
    random = Random(most)
    words = ["sea", "tide", "deep"]
    for number in range(24):
        name = "-".join([*random.sample(words, random.randrange(3)), f"x{number}"])
        said = " ".join(random.sample(words, random.randrange(3)))
        make_crate(name, description=said, recent_downloads=random.randrange(9))
    make_crate("tide")
    settings.SEARCH_MAX_FOUND = most
    texts = [*words, "sea tide", "x1"]
    without = [(names(text), search(text, page=1, per_page=1).total) for text in texts]

    settings.SEARCH_TIERS = tuple(range(2, 2 + REST))
    assert search_tiers.refresh() == 1 + REST
    assert search_tiers.refresh() == 0
    assert [(names(text), search(text, page=1, per_page=1).total) for text in texts] == without

    Crate.objects.filter(name__contains="sea").update(recent_downloads=100)
    crate = Crate.objects.filter(name__contains="sea").earliest("pk")
    search_tiers.refresh()
    search_document.write(crate, readme="coral")
    assert names("coral") == [crate.name]
    Crate.objects.filter(name__contains="sea").delete()
    search_document.rebuild()
    assert names("coral") == []
    assert len(names("tide")) == min(most, len(names("tide", sort="downloads")))
