import pytest
from django.template.loader import render_to_string
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_wrong_address_gets_a_page_with_a_way_on(client: Client) -> None:
    response = client.get("/no/such/page")

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_a_refusal_shows_its_sentence_escaped() -> None:
    page = render_to_string("refused.html", {"detail": "no <b>way</b>", "status": 403})

    assert "No &lt;b&gt;way" in page


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_no_context(name: str) -> None:
    assert "<h1>" in render_to_string(f"{name}.html")
