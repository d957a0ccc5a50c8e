"""With REQUIRE_USER_AGENT, who asks must say by which program."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.wire import refusal, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def _required(settings: Settings) -> None:
    settings.REQUIRE_USER_AGENT = True


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("agent", [{}, {"User-Agent": ""}, {"User-Agent": "  "}])
def test_a_nameless_program_is_refused(agent: dict[str, str]) -> None:
    answer = send("GET", "/api/v1/crates", **agent)
    error = refusal(answer, 403)

    assert error["code"] == "user_agent_required"
    assert "`User-Agent`" in error["detail"]
    assert answer["X-Request-Id"] in error["detail"]


@pytest.mark.usefixtures("_required")
def test_any_name_will_do() -> None:
    assert send("GET", "/api/v1/crates", **{"User-Agent": "cargo 1.90"}).status_code == 200


@pytest.mark.usefixtures("_required")
def test_a_page_says_so_too(client: Client) -> None:
    answer = client.get("/")

    assert answer.status_code == 403
    assert "User-Agent" in answer.content.decode()


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/crates/none/1.0.0/download", 404),
        ("/index/no/ne/none", 404),
        ("/healthz", 200),
    ],
)
def test_downloads_the_index_and_health_are_exempt(path: str, status: int) -> None:
    assert send("GET", path).status_code == status


def test_it_is_off_unless_asked_for() -> None:
    assert send("GET", "/api/v1/crates").status_code == 200
