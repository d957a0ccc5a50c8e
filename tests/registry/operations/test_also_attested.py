"""What GitHub holds of attestations, asked for in the background."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from demo.github_server import FakeGitHub
from demo.github_world import FakeRepository
from registry.models import Version
from registry.operations.also_attested import AT_ONCE, ask_github
from tests.factories.registry import make_crate, make_version, trusted_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def github(settings: LazySettings) -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        settings.GITHUB_API_URL = fake.api_url
        settings.GITHUB_ATTESTATIONS = True
        fake.add_user("octo", 65)
        yield fake


@pytest.fixture
def repository(github: FakeGitHub) -> FakeRepository:
    return github.add_repository("octo", "hello", 74)


def trusted(num: str, **provenance: object) -> Version:
    crate = make_crate(f"tide-{num.replace('.', '-')}")
    return make_version(crate, num, provenance=provenance)


def test_what_github_holds_is_linked_once(github: FakeGitHub, repository: FakeRepository) -> None:
    attested, other = trusted("1.0.0"), trusted("1.0.1")
    repository.attested.add(attested.checksum)

    assert ask_github() == 1
    assert ask_github() == 0

    address = "https://github.com/octo/hello/attestations"
    page = Client().get(f"/crates/{attested.crate.name}/1.0.0").content.decode()
    assert "Also attested" in page
    assert f'href="{address}"' in page
    assert "Also attested" not in Client().get(f"/crates/{other.crate.name}/1.0.1").content.decode()
    facts = Client().get(f"/api/v1/crates/{attested.crate.name}/1.0.0").json()["version"]
    assert facts["provenance"]["links"]["attestations"] == address
    assert facts["provenance"]["evidence"] == "trusted_publishing"


def test_nothing_else_is_asked(
    github: FakeGitHub, repository: FakeRepository, settings: LazySettings
) -> None:
    elsewhere = trusted_fields()["links"] | {"repository": "https://github.com.evil.example/octo"}
    versions = [
        trusted("1.0.0", links=elsewhere),
        trusted("1.0.1", provider="gitlab"),
        make_version(make_crate("by-hand"), "1.0.0"),
        make_version(
            make_crate("old"),
            provenance={},
            created_at=timezone.now() - timedelta(hours=7),
        ),
    ]
    repository.attested |= {version.checksum for version in versions}
    settings.GITHUB_ATTESTATIONS = False
    repository.attested.add(trusted("1.0.2").checksum)
    assert ask_github() == 0
    assert not github.requests
    settings.GITHUB_ATTESTATIONS = True

    assert ask_github() == 1
    assert github.requests.total() == 1


def test_a_run_is_bounded_and_ends_with_the_first_error(
    github: FakeGitHub, repository: FakeRepository, settings: LazySettings
) -> None:
    for number in range(AT_ONCE + 1):
        repository.attested.add(trusted(f"1.0.{number}").checksum)

    settings.GITHUB_API_URL = "http://127.0.0.1:1"
    assert ask_github() == 0
    settings.GITHUB_API_URL = github.api_url
    assert ask_github() == AT_ONCE
    assert ask_github() == 1
