"""The public pages in a real browser: nothing sticks out on a phone, nothing is refused."""

import pytest
from pytest_django.live_server_helper import LiveServer

from registry.models import PublishKind
from tests.browser import browser_page
from tests.factories.registry import SHA, make_crate, make_dependency, make_version

LONG = "a-name-that-is-as-long-as-the-grammar-of-crates-lets-it-be-64-xx"
ADDRESSES = [
    "/",
    "/search",
    "/search?q=zzz",
    "/crates/hello",
    "/crates/hello/versions",
    "/crates/hello/1.0.0",
    "/crates/hello/0.1.0",
    f"/crates/{LONG}",
    f"/crates/{LONG}/1.0.0-alpha.1+build",
]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_pages_fit_a_phone_and_break_no_rule(live_server: LiveServer) -> None:
    _fill_registry()
    wide = {}

    with browser_page() as page:
        page.set_viewport_size({"width": 390, "height": 844})
        for address in ADDRESSES:
            answer = page.goto(live_server.url + address)
            assert answer is not None
            assert answer.status == 200, address
            root = "document.documentElement"
            wide[address] = page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")

    assert {address: by for address, by in wide.items() if by > 0} == {}


def test_the_copy_button_copies_the_command(live_server: LiveServer) -> None:
    _fill_registry()

    with browser_page() as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{live_server.url}/crates/hello")
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == "cargo add hello --registry waybill"


def _fill_registry() -> None:
    hello = make_crate("hello", description="Greets the world " * 20, keywords=["greeting"])
    make_version(hello, "0.1.0", yanked=True, yank_message="w" * 200)
    readme = (
        f"# {'h' * 100}\n\n`{'c' * 200}`\n\n```\n{'p' * 300}\n```\n\n|{'t' * 100}|b|\n|-|-|\n|1|2|"
    )
    version = make_version(
        hello,
        provenance={},
        readme=readme,
        vcs_info={"git": {"sha1": SHA}, "path_in_vcs": "x" * 99},
    )
    make_dependency(version, LONG, target=f"cfg({'t' * 80})", features=["f" * 40] * 5)
    make_version(
        make_crate(LONG, description="d" * 300),
        "1.0.0-alpha.1+build",
        provenance={"repository": f"octo/{'r' * 100}", "ref": f"refs/heads/{'b' * 200}"},
        license="l" * 100,
        user_agent="u" * 255,
        repository=f"https://example.org/{'r' * 200}",
    )
    make_version(make_crate("imported"), kind=PublishKind.IMPORTED)
