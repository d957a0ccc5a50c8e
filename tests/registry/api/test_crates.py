import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Crate, PublishKind
from tests.factories.registry import make_crate, make_dependency, make_user, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
CRATES = "/api/v1/crates"


@pytest.fixture
def tide() -> Crate:
    crate = make_crate("Tide-Pool", description="Small seas", keywords=["sea"])
    for num in ("1.0.0", "2.0.0-rc.1"):
        make_version(crate, num)
    return crate


def test_a_crate_is_found_in_any_spelling(tide: Crate) -> None:
    for spelling in ("Tide-Pool", "tide_pool", "TIDE-POOL"):
        found = send("GET", f"{CRATES}/{spelling}").json()

        assert found["crate"]["id"] == "Tide-Pool"
        assert found["crate"]["max_stable_version"] == "1.0.0"
        assert [version["num"] for version in found["versions"]] == ["2.0.0-rc.1", "1.0.0"]
        [keyword] = found["keywords"]
        assert (keyword["id"], keyword["keyword"], keyword["crates_cnt"]) == ("sea", "sea", 1)
        assert keyword["created_at"].endswith("Z")


def test_times_are_utc_and_end_in_z(tide: Crate) -> None:
    crate = send("GET", f"{CRATES}/tide-pool").json()["crate"]

    assert crate["created_at"].endswith("Z")
    assert "+00:00" not in crate["updated_at"]


def test_less_may_be_asked_for(tide: Crate) -> None:
    found = send("GET", f"{CRATES}/tide-pool?include=").json()
    assert (found["versions"], found["keywords"], found["categories"]) == (None, None, None)

    found = send("GET", f"{CRATES}/tide-pool?include=default_version").json()
    assert [version["num"] for version in found["versions"]] == ["1.0.0"]

    error = refusal(send("GET", f"{CRATES}/tide-pool?include=versions,secrets"), 400)
    assert error["detail"] == (
        "invalid component for ?include= (expected 'versions', 'keywords', 'categories', "
        "'badges', 'downloads', 'default_version', or 'full')"
    )


def test_one_version_is_told_with_where_it_came_from(tide: Crate) -> None:
    make_version(tide, "3.0.0", kind=PublishKind.TRUSTED, provenance={"run_id": "77"})

    version = send("GET", f"{CRATES}/tide-pool/3.0.0").json()["version"]

    assert version["trustpub_data"]["provider"] == "github"
    assert version["provenance"]["run_id"] == "77"
    assert version["published_by"] is None
    token = send("GET", f"{CRATES}/tide-pool/1.0.0").json()["version"]
    assert (token["trustpub_data"], token["provenance"]["kind"]) == (None, "api_token")


def test_an_absent_version_is_named(tide: Crate) -> None:
    for end in ("9.9.9", "9.9.9/dependencies", "9.9.9/download"):
        error = refusal(send("GET", f"{CRATES}/tide-pool/{end}"), 404)

        assert error["detail"] == "crate `Tide-Pool` does not have a version `9.9.9`"


def test_dependencies_are_listed(tide: Crate) -> None:
    make_dependency(tide.versions.get(num="1.0.0"), "rand")

    [found] = send("GET", f"{CRATES}/tide-pool/1.0.0/dependencies").json()["dependencies"]

    assert (found["crate_id"], found["req"], found["kind"]) == ("rand", "^1", "normal")


def test_versions_are_counted(tide: Crate) -> None:
    assert send("GET", f"{CRATES}/tide-pool/versions").json()["meta"]["total"] == 2


def test_search_finds_by_name_and_pages_through() -> None:
    for number in range(12):
        make_version(make_crate(f"sea-{number:02}"))
    make_version(make_crate("land"))

    first = send("GET", f"{CRATES}?q=sea&page=1").json()
    second = send("GET", f"{CRATES}{first['meta']['next_page']}").json()

    assert first["meta"] == {"total": 12, "next_page": "?q=sea&page=2", "prev_page": None}
    assert [crate["name"] for crate in second["crates"]] == ["sea-10", "sea-11"]
    assert second["meta"]["next_page"] is None
    assert second["meta"]["prev_page"] == "?q=sea&page=1"


def test_the_exact_name_is_marked_and_comes_first() -> None:
    for name in ("aa-sea", "sea", "sea-x"):
        make_version(make_crate(name))

    found = send("GET", f"{CRATES}?q=sea").json()["crates"]

    assert found[0]["name"] == "sea"
    assert [crate["exact_match"] for crate in found] == [True, False, False]


@pytest.mark.parametrize("count", [1, 8])
def test_the_cost_of_a_list_does_not_grow_with_its_length(
    django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        make_version(make_crate(f"sea-{number}"))

    with django_assert_max_num_queries(4):
        send("GET", f"{CRATES}?q=sea")


@pytest.mark.parametrize("count", [1, 8])
def test_the_cost_of_a_crate_does_not_grow_with_its_versions(
    django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    crate = make_crate("sea")
    for number in range(count):
        make_version(crate, f"{number}.0.0", published_by=make_user(f"u{number}"))

    with django_assert_max_num_queries(6):
        send("GET", f"{CRATES}/sea")


@pytest.mark.parametrize(
    ("include", "given"),
    [
        ("", set()),
        ("versions", {"versions"}),
        ("keywords", {"keywords"}),
        ("categories", {"categories"}),
        ("badges", set()),
        ("downloads", set()),
        ("default_version", {"versions"}),
        ("keywords,categories", {"keywords", "categories"}),
        ("full", {"versions", "keywords", "categories"}),
    ],
)
def test_every_include_brings_its_part_alone(include: str, given: set[str]) -> None:
    crate = make_crate("tide", keywords=["sea"], categories=["science::geo"])
    make_version(crate)

    found = send("GET", f"{CRATES}/tide?include={include}").json()

    parts = ("versions", "keywords", "categories")
    assert {part for part in parts if found[part] is not None} == given
    # The default version alone is not what the crate's list of versions would hold.
    inside = given - ({"versions"} if include == "default_version" else set())
    assert {part for part in parts if found["crate"][part] is not None} == inside
    assert (found["crate"]["links"]["versions"] is None) == ("versions" in inside)
    has_summary = include in ("versions", "full")
    assert found["crate"]["max_version"] == ("1.0.0" if has_summary else "0.0.0")
    has_recent = include in ("downloads", "full")
    assert (found["crate"]["recent_downloads"] is not None) == has_recent


def test_categories_are_whole() -> None:
    make_version(make_crate("tide", categories=["science::geo"]))

    [found] = send("GET", f"{CRATES}/tide").json()["categories"]

    assert (found["id"], found["category"], found["crates_cnt"]) == (
        "science::geo",
        "Geoscience",
        1,
    )
    assert found["description"]


def test_authors_are_no_longer_told(tide: Crate) -> None:
    answer = send("GET", f"{CRATES}/tide-pool/1.0.0/authors").json()

    assert answer == {"users": [], "meta": {"names": []}}
    assert refusal(send("GET", f"{CRATES}/tide-pool/7.0.0/authors"), 404)


def test_a_crate_may_be_named_as_the_door_of_publishes() -> None:
    assert refusal(send("GET", f"{CRATES}/new"), 404)["detail"] == "crate `new` does not exist"
    make_version(make_crate("new"))

    assert send("GET", f"{CRATES}/new").json()["crate"]["name"] == "new"
