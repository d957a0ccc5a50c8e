"""What a private registry shows, and to whom: nobody, wrong tokens, readers, members, browsers."""

from datetime import timedelta

import pytest
from django.test import Client, TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiToken, User
from accounts.operations.tokens import create_token
from accounts.token_text import TokenKind, new_token
from registry.models import Crate
from tests.factories.archives import manifest_for, metadata_for
from tests.wire import nothing_happens, publish, refusal, send

CRATE = "/api/v1/crates/tide"
PROGRAMS_READ = (
    "/index/config.json",
    "/index/ti/de/tide",
    f"{CRATE}/0.1.0/download",
    f"{CRATE}/0.1.0/readme",
    "/readmes/tide/tide-0.1.0.html",
    "/api/v1/crates",
    CRATE,
    f"{CRATE}/versions",
    f"{CRATE}/owners",
    f"{CRATE}/reverse_dependencies",
    f"{CRATE}/0.1.0/dependencies",
    "/api/v1/summary",
    "/api/v1/users/alice",
    "/api/openapi.json",
    "/feeds/crates.xml",
    "/feeds/crates/tide.xml",
    "/rss/updates.xml",
    "/sitemap.xml",
    "/robots.txt",
    "/opensearch.xml",
    "/metrics",
)
PEOPLE_READ = ("/", "/search?q=tide", "/crates/tide", "/crates/tide/0.1.0", "/crates/tide/versions")
OPEN = ("/healthz", "/readyz", "/sign-in", "/api/v1/trusted_publishing/audience")


@pytest.fixture(autouse=True)
def _private(settings: Settings) -> None:
    settings.AUTH_REQUIRED = True


@pytest.fixture
def tide(alice_token: str) -> Crate:
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = publish(
            alice_token,
            "tide",
            metadata=metadata_for("tide", readme="# Tide", readme_file="README.md"),
            files={"src/lib.rs": b"", "README.md": b"# Tide"},
            manifest=manifest_for("tide", extra='readme = "README.md"\n'),
        )
    assert answer.status_code == 200, answer.content
    return Crate.objects.get()


@pytest.fixture
def reader(alice: User) -> str:
    return create_token(user=alice, name="reader", scopes=["read"]).text


def test_without_a_token_or_with_a_wrong_one_nothing_can_be_read(tide: Crate) -> None:
    for token in (None, "nonsense", "Basic YTpi", new_token("wbl", TokenKind.API)):
        for path in PROGRAMS_READ:
            answer = send("GET", path, token)
            refusal(answer, 401)
            assert answer["WWW-Authenticate"].startswith('Cargo login_url="'), path
        for path in PEOPLE_READ:
            assert send("GET", path, token)["Location"].startswith("/sign-in?next="), path


@pytest.mark.parametrize("who", ["member", "reader", "browser"])
def test_a_member_reads_everything_and_no_cache_keeps_it(
    tide: Crate, alice: User, alice_token: str, reader: str, who: str
) -> None:
    client = Client()
    if who == "browser":
        client.force_login(alice)
    token = {"member": alice_token, "reader": reader, "browser": None}[who]

    for path in PROGRAMS_READ + PEOPLE_READ:
        answer = send("GET", path, token, client=client)
        assert answer.status_code == (302 if path.endswith("/readme") else 200), path
        cache_control = answer["Cache-Control"]
        assert "private" in cache_control or "no-store" in cache_control, path
        answer.getvalue()


def test_what_tells_nothing_is_open_to_everybody(db: None) -> None:
    for path in OPEN:
        assert send("GET", path).status_code == 200, path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{CRATE}/0.1.0/yank"),
        ("PUT", f"{CRATE}/owners"),
        ("DELETE", f"{CRATE}/owners"),
        ("PUT", f"{CRATE}/follow"),
        ("GET", "/api/v1/me"),
        ("DELETE", "/api/v1/tokens/current"),
        ("PATCH", f"{CRATE}/0.1.0"),
        ("GET", "/api/v1/trusted_publishing/github_configs?crate=tide"),
    ],
)
def test_a_reading_token_does_nothing_else(
    tide: Crate, reader: str, method: str, path: str
) -> None:
    body = {"users": ["bob"], "version": {"yanked": True}}

    with nothing_happens():
        answer = send(method, path, reader, body if method != "GET" else b"")

    assert refusal(answer, 403)["code"] == "token_lacks_permission"


def test_a_reading_token_publishes_nothing(tide: Crate, reader: str) -> None:
    for name in ("tide", "new-crate"):
        with nothing_happens():
            answer = publish(reader, name, "0.2.0")
        assert refusal(answer, 403)["code"] == "token_lacks_permission"


def test_a_token_that_ended_reads_no_more(alice: User, reader: str) -> None:
    path = "/index/config.json"
    assert send("GET", path, reader).status_code == 200

    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refusal(send("GET", path, reader), 401)

    ApiToken.objects.update(expires_at=None)
    User.objects.update(locked_at=timezone.now(), lock_reason="gone")
    refusal(send("GET", path, reader), 401)
