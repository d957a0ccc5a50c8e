"""One start of a registry for all journeys through a sign-in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.accounts.pages.place import Place, started_place
from tests.browser import chromium
from tests.prepared import Prepared


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Place]:
    with started_place(tmp_path_factory.mktemp("place"), prepared) as started:
        yield started


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
