import pytest
from django.conf import LazySettings
from django.test import Client

from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_a_fresh_registry_says_what_to_do_first(client: Client, settings: LazySettings) -> None:
    page = client.get("/").content.decode()

    assert "No crates yet" in page
    assert "/sign-in" in page
    assert f'index = "{settings.INDEX_URL}"' in page


def test_it_lists_crates_and_how_they_were_published(client: Client) -> None:
    make_version(make_crate("from-ci"), provenance={})
    make_version(make_crate("by-hand"))

    page = client.get("/").content.decode()

    assert "from-ci" in page
    assert "Trusted publishing</span>" in page
    assert "API token</span>" in page
    assert "No crates yet" not in page


def test_descriptions_are_escaped_and_cannot_turn_the_text_around(client: Client) -> None:
    make_crate("evil", description="<script>alert(1)</script>\u202egnp.exe")

    page = client.get("/search").content.decode()

    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
