import re

import pytest
from django.test import Client

from config.docs_pages import CHAPTERS

pytestmark = pytest.mark.django_db
SLUGS = [slug for slugs in CHAPTERS.values() for slug in slugs]


def test_every_chapter_is_listed_and_shown(client: Client) -> None:
    index = client.get("/docs").content.decode()

    for slug in SLUGS:
        assert f'href="/docs/{slug}"' in index
        page = client.get(f"/docs/{slug}").content.decode()
        assert re.search(r"<h1 id=\"user-content-[^\"]+\">", page), slug
        assert len(page) < 60_000


def test_chapters_lead_to_each_other(client: Client) -> None:
    page = client.get("/docs/trusted-publishing").content.decode()

    for address in set(re.findall(r'href="http://[^/"]+(/docs/[^"#]+)', page)):
        assert client.get(address).status_code == 200, address
    assert "/docs/providers/github" in page


@pytest.mark.parametrize("slug", ["none", "operating", "../README", "decisions/0001-x"])
def test_the_rest_of_the_folder_has_no_page(client: Client, slug: str) -> None:
    assert client.get(f"/docs/{slug}").status_code == 404
