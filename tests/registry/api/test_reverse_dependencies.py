import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Crate
from tests.factories.registry import make_crate, make_dependency, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
PATH = "/api/v1/crates/tide/reverse_dependencies"


@pytest.fixture(autouse=True)
def tide() -> Crate:
    crate = make_crate("tide")
    make_version(crate)
    return crate


def dependent(name: str, *, downloads: int = 0) -> None:
    version = make_version(make_crate(name, downloads=downloads))
    make_dependency(version, "tide")


def test_each_dependent_is_told_once_the_most_downloaded_first() -> None:
    dependent("small", downloads=1)
    dependent("large", downloads=9)
    for kind in ("normal", "dev"):
        make_dependency(Crate.objects.get(name="small").versions.get(), "Tide", kind=kind)

    found = send("GET", PATH).json()

    assert found["meta"] == {"total": 2}
    assert [row["crate"] for row in found["versions"]] == ["large", "small"]
    assert [row["version_id"] for row in found["dependencies"]] == [
        row["id"] for row in found["versions"]
    ]
    assert {row["crate_id"] for row in found["dependencies"]} == {"tide"}
    assert [row["downloads"] for row in found["dependencies"]] == [9, 1]


def test_only_default_versions_that_are_not_yanked_count() -> None:
    old = make_crate("old")
    make_dependency(make_version(old, "1.0.0"), "tide")
    make_version(old, "2.0.0")
    make_dependency(make_version(make_crate("gone"), yanked=True), "tide")
    elsewhere = make_version(make_crate("elsewhere"))
    make_dependency(elsewhere, "tide", registry_index="https://example.com/index")

    assert send("GET", PATH).json()["meta"] == {"total": 0}


def test_pages() -> None:
    for number in range(3):
        dependent(f"d{number}", downloads=number)

    second = send("GET", f"{PATH}?per_page=2&page=2").json()

    assert [row["crate"] for row in second["versions"]] == ["d0"]
    assert refusal(send("GET", f"{PATH}?seek=WzFd"), 400)
    assert refusal(send("GET", f"{PATH}?page=201"), 400)
    assert refusal(send("GET", "/api/v1/crates/nope/reverse_dependencies"), 404)


def test_the_cost_does_not_grow(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(9):
        dependent(f"d{number}")

    with django_assert_max_num_queries(5):
        send("GET", PATH)
