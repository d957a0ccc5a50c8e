import pytest
from pytest_django import DjangoAssertNumQueries

from registry.formats.categories import CATEGORIES
from registry.models import Category
from registry.operations import topics
from tests.factories.registry import make_crate
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
CATEGORIES_PATH = "/api/v1/categories"


def test_the_upper_ones_are_listed_with_all_that_is_inside() -> None:
    make_crate(categories=["science"])
    make_crate(categories=["science::geo"])

    found = send("GET", f"{CATEGORIES_PATH}?sort=crates&per_page=2").json()

    assert found["meta"]["total"] == sum("::" not in text.slug for text in CATEGORIES)
    assert [row["slug"] for row in found["categories"]] == ["science", "accessibility"]
    assert [row["crates_cnt"] for row in found["categories"]] == [2, 0]
    assert send("GET", CATEGORIES_PATH).json()["categories"][0]["slug"] == "accessibility"


def test_one_is_told_with_its_family() -> None:
    make_crate(categories=["science::bioinformatics::genomics"])

    found = send("GET", f"{CATEGORIES_PATH}/science::bioinformatics").json()["category"]

    assert (found["id"], found["category"]) == ("science::bioinformatics", "Bioinformatics")
    assert found["crates_cnt"] == 0
    assert [(row["category"], row["crates_cnt"]) for row in found["subcategories"]] == [
        ("Genomics", 1),
        ("Proteomics", 0),
        ("Sequence analysis", 0),
    ]
    assert [row["slug"] for row in found["parent_categories"]] == ["science"]


@pytest.mark.parametrize("slug", ["nothing", "SCIENCE", "%00"])
def test_an_unknown_one_is_not_found(slug: str) -> None:
    assert refusal(send("GET", f"{CATEGORIES_PATH}/{slug}"), 404)["detail"] == "Not Found"


def test_all_slugs_are_listed_with_their_descriptions() -> None:
    found = send("GET", "/api/v1/category_slugs").json()["category_slugs"]

    assert [row["slug"] for row in found] == sorted(text.slug for text in CATEGORIES)
    assert all(sorted(row) == ["description", "id", "slug"] for row in found)
    assert all(row["description"].endswith(".") for row in found)


def test_filing_a_crate_anew_keeps_the_counts() -> None:
    crate = make_crate(keywords=["a"], categories=["science", "email"])
    for _ in range(2):
        topics.file_under(crate, keywords=["A", "b"], categories=["science", "no-such"])

    counted = Category.objects.filter(crates_cnt__gt=0).values_list("slug", "crates_cnt")
    assert list(counted) == [("science", 1)]
    assert {row.keyword: row.crates_cnt for row in crate.keyword_rows.all()} == {"a": 1, "b": 1}


@pytest.mark.parametrize("path", [CATEGORIES_PATH, f"{CATEGORIES_PATH}/science"])
def test_it_costs_one_query(
    django_assert_max_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    with django_assert_max_num_queries(1):
        send("GET", path)
