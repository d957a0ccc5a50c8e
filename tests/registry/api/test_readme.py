import pytest

from tests.factories.registry import make_crate, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
README = "/api/v1/crates/Tide-Pool/1.0.0+a/readme"


@pytest.fixture(autouse=True)
def _tide() -> None:
    crate = make_crate("Tide-Pool")
    make_version(crate, "1.0.0+a", readme="# Hi <script>alert(1)</script>", readme_file="README.md")
    make_version(crate, "2.0.0")


def test_it_leads_to_the_rendered_text() -> None:
    answer = send("GET", README.lower().replace("tide-pool", "tide_pool"))

    assert (answer.status_code, answer["Vary"]) == (302, "Accept")
    assert answer["Location"].endswith("/readmes/Tide-Pool/Tide-Pool-1.0.0%2Ba.html")
    path = answer["Location"][answer["Location"].index("/readmes") :]
    page = send("GET", path)
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "Hi" in page.content.decode()
    assert "<script" not in page.content.decode()


def test_who_asks_for_json_is_told_the_address() -> None:
    answer = send("GET", README, Accept="application/json")

    assert answer.json()["url"].endswith("/readmes/Tide-Pool/Tide-Pool-1.0.0%2Ba.html")
    assert answer["Vary"] == "Accept"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/crates/none/1.0.0/readme",
        "/api/v1/crates/Tide-Pool/9.0.0/readme",
        "/readmes/Tide-Pool/Tide-Pool-2.0.0.html",
        "/readmes/Tide-Pool/Tide-Pool-9.0.0.html",
        "/readmes/Tide-Pool/other-1.0.0.html",
        "/readmes/%00/%00.html",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert send("GET", path).status_code == 404


def test_it_is_only_read() -> None:
    assert refusal(send("POST", README), 405)["code"] == "method_not_allowed"
