"""A GitHub on loopback with an organisation, its teams, and people who have signed in."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts.models import GitHubToken, User
from demo.github_server import FakeGitHub


@pytest.fixture
def github(settings: Settings, alice: User, bob: User, charlie: User) -> Iterator[FakeGitHub]:
    """Alice and Bob are in the team `core` of `rustaceans`; Charlie is in neither."""
    cache.clear()
    with FakeGitHub() as server:
        settings.GITHUB_URL = server.url
        settings.GITHUB_API_URL = server.api_url
        server.add_user("rustaceans", 42, kind="Organization")
        for user in (alice, bob, charlie):
            account = server.add_user(user.login, user.github_id or 0)
            GitHubToken.keep(user, server.oauth.issue(account, "user:email read:org"))
        server.add_team("rustaceans", "core", 7, ["alice", "bob"], name="Core Team")
        yield server
    cache.clear()
