import json

import pytest
from django.conf import LazySettings

from registry import storage
from registry.api.index import name_of_index_path
from tests.wire import refusal, send

LINE = '{"name":"Demo"}\n'


@pytest.fixture(autouse=True)
def _stored() -> None:
    storage.store_index("Demo", LINE)


def test_config_says_where_everything_is(settings: LazySettings) -> None:
    answer = send("GET", "/index/config.json")

    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == {
        "dl": f"{settings.PUBLIC_URL}/api/v1/crates",
        "api": settings.PUBLIC_URL,
    }


@pytest.mark.django_db
def test_a_private_registry_says_so(settings: LazySettings, alice_token: str) -> None:
    settings.AUTH_REQUIRED = True

    denied = send("GET", "/index/config.json")

    assert refusal(denied, 401)
    assert denied["WWW-Authenticate"].startswith("Cargo login_url=")
    assert json.loads(send("GET", "/index/config.json", alice_token).content)["auth-required"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/index/de/mo/demo", "/api/v1/crates", "/api/v1/crates/demo/0.1.0/download", "/metrics"],
)
def test_a_private_registry_shows_nothing_without_a_token(
    settings: LazySettings, path: str
) -> None:
    settings.AUTH_REQUIRED = True

    for token in (None, "nonsense", "wbl_" + "a" * 46):
        refusal(send("GET", path, token), 401)


@pytest.mark.django_db
def test_a_private_registry_opens_to_a_token(settings: LazySettings, alice_token: str) -> None:
    settings.AUTH_REQUIRED = True

    answer = send("GET", "/index/de/mo/demo", alice_token)

    assert answer.content.decode() == LINE
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_file_comes_with_its_tag() -> None:
    answer = send("GET", "/index/de/mo/demo")

    assert answer.content.decode() == LINE
    assert answer["Content-Type"].startswith("text/plain")
    again = send("GET", "/index/de/mo/demo", **{"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "De/mo/Demo",
        "de/mo/Demo",
        "no/th/nothing",
        "2/..",
        "1/.",
        "../ab/..ab",
        "%2e%2e/secret_key",
        "..%2f..%2fsecret_key",
        "de/mo/de%00mo",
        "de/mo/demo/",
        "de//demo",
        "%ff/%ff/%ff%ff%ff%ff",
        "d%C3%A9/mo/d%C3%A9mo",
        "x" * 3000,
    ],
)
def test_another_path_is_a_404(path: str) -> None:
    answer = send("GET", f"/index/{path}")

    assert answer.status_code == 404


def test_the_index_is_read_only() -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert send(method, "/index/de/mo/demo").status_code == 405


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("1/a", "a"),
        ("2/ab", "ab"),
        ("3/a/abc", "abc"),
        ("ab/cd/abcd", "abcd"),
        ("ab/c-/abc-d_", "abc-d_"),
        ("1/A", None),
        ("1/1", None),
        ("2/a", None),
        ("3/b/abc", None),
        ("", None),
        ("/", None),
        ("a", None),
    ],
)
def test_a_path_names_at_most_one_crate(path: str, name: str | None) -> None:
    assert name_of_index_path(path) == name
