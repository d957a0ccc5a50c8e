import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from registry.pages.search import PER_PAGE
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_it_lists_what_it_finds(client: Client) -> None:
    make_version(make_crate("found-me", description="Here"), provenance={})
    make_crate("other")

    page = client.get("/search", {"q": "found"}).content.decode()

    assert "found-me" in page
    assert ">1</span> crate" in page
    assert "Did you mean" not in page
    assert "Trusted publishing</span>" in page
    assert ">other<" not in page


def test_it_says_what_to_try_when_nothing_is_found(client: Client) -> None:
    make_crate("other")

    page = client.get("/search", {"q": "<b>none</b>"}).content.decode()

    assert "Nothing found" in page
    assert "<b>none" not in page


def test_it_asks_whether_a_similar_name_was_meant(client: Client) -> None:
    make_version(make_crate("serde"))

    page = client.get("/search", {"q": "sedre"}).content.decode()

    assert "No crate matches. Did you mean:" in page
    assert ">serde<" in page
    assert 'aria-label="Order"' not in page


def test_the_links_to_other_pages_keep_text_and_order(client: Client) -> None:
    for number in range(PER_PAGE + 1):
        make_crate(f"a-b-{number}")

    page = client.get("/search", {"q": "a b&c=d", "sort": "new"}).content.decode()
    first = client.get("/search", {"q": "a b", "sort": "new"}).content.decode()

    assert "Nothing found" in page
    assert 'href="?q=a+b&amp;sort=new&amp;page=2"' in first


@pytest.mark.parametrize("number", ["0", "-1", "x", "9999999999999999999999", "²", "2"])
def test_no_page_number_breaks_it(client: Client, number: str) -> None:
    make_crate("only")

    assert client.get("/search", {"page": number}).status_code == 200


@pytest.mark.parametrize("text", ["a\0b", "%", "x" * 100_000, "\ud83d\ude00"])
def test_no_text_breaks_it(client: Client, text: str) -> None:
    response = client.get("/search", {"q": text.encode(errors="surrogatepass")})

    assert response.status_code == 200


def test_it_costs_the_same_however_much_it_finds(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(PER_PAGE + 5):
        make_version(make_crate(), provenance={})

    with django_assert_max_num_queries(8):
        client.get("/search", {"q": "crate"})
