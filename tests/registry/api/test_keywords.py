import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Keyword
from tests.factories.registry import make_crate
from tests.wire import publish, refusal, send

pytestmark = pytest.mark.django_db
KEYWORDS = "/api/v1/keywords"


def names(path: str) -> list[str]:
    return [row["keyword"] for row in send("GET", path).json()["keywords"]]


def test_they_are_sorted_by_name_or_by_use() -> None:
    make_crate(keywords=["sea", "land"])
    make_crate(keywords=["sea"])

    assert names(KEYWORDS) == ["land", "sea"]
    assert names(f"{KEYWORDS}?sort=crates") == ["sea", "land"]
    assert names(f"{KEYWORDS}?per_page=1&page=2") == ["sea"]
    assert send("GET", f"{KEYWORDS}?per_page=1").json()["meta"] == {"total": 2}


def test_one_is_found_in_any_case() -> None:
    make_crate(keywords=["sea"])

    found = send("GET", f"{KEYWORDS}/SEA").json()["keyword"]

    assert sorted(found) == ["crates_cnt", "created_at", "id", "keyword"]
    assert (found["id"], found["crates_cnt"]) == ("sea", 1)


@pytest.mark.parametrize("keyword", ["nothing", "%00", "a%00b", "%F0%9F%A6%80"])
def test_an_unknown_one_is_not_found(keyword: str) -> None:
    assert refusal(send("GET", f"{KEYWORDS}/{keyword}"), 404)["detail"] == "Not Found"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("seek=x", "?seek= is not supported for this request"),
        ("per_page=101", "cannot request more than 100 items"),
        (
            "per_page=0",
            "Failed to deserialize query string: per_page: must be a whole number from 1",
        ),
        ("page=-1", "Failed to deserialize query string: page: must be a whole number from 1"),
    ],
)
def test_odd_pages_are_refused(query: str, detail: str) -> None:
    assert refusal(send("GET", f"{KEYWORDS}?{query}"), 400)["detail"] == detail


def test_a_new_version_brings_its_keywords_and_drops_the_old(alice_token: str) -> None:
    for version, keywords in (("0.1.0", ["Sea", "land"]), ("0.2.0", ["sea", "air"])):
        toml = manifest(version, keywords)
        assert publish(alice_token, version=version, manifest=toml).status_code == 200

    counts = dict(Keyword.objects.values_list("keyword", "crates_cnt"))
    assert counts == {"sea": 1, "land": 0, "air": 1}


def test_the_cost_does_not_grow(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(9):
        make_crate(keywords=[f"k{number}"])

    with django_assert_max_num_queries(2):
        send("GET", KEYWORDS)


def manifest(version: str, keywords: list[str]) -> str:
    return f"""
[package]
name = "demo-crate"
version = "{version}"
description = "A demo"
license = "MIT"
keywords = {keywords}
"""
