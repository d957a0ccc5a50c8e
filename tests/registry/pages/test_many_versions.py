"""What pages of a crate cost when it has hundreds of versions: queries and bytes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from registry.models import Crate, Provenance, PublishKind, Version, VersionDownload
from tests.factories.registry import make_crate, make_dependency, make_version, trusted_fields

pytestmark = [pytest.mark.django_db, pytest.mark.queries]
VERSIONS = 500
MAX_QUERIES, MAX_HTML = 12, 60_000


@pytest.mark.parametrize(
    "address",
    [
        "/crates/hello",
        "/crates/hello/1.0.0",
        "/crates/hello/versions",
        "/crates/hello/versions?page=3",
        "/crates/hello/security",
        "/crates/hello/1.0.0/dependencies",
        "/crates/hello/reverse_dependencies",
    ],
)
def test_it_costs_no_more_than_a_dozen_queries(
    client: Client,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    address: str,
) -> None:
    _fill(make_crate("hello", owner=alice, keywords=["greeting"], categories=["science"]))
    client.force_login(alice)

    with django_assert_max_num_queries(MAX_QUERIES):
        answer = client.get(address)

    assert answer.status_code == 200
    assert len(answer.content) < MAX_HTML


def _fill(crate: Crate) -> None:
    now = timezone.now()
    versions = Version.objects.bulk_create(
        Version(
            crate=crate,
            num=f"0.{number}.0",
            num_without_build=f"0.{number}.0",
            created_at=now - timedelta(days=VERSIONS - number),
            checksum="0" * 64,
            size=1,
        )
        for number in range(VERSIONS)
    )
    Provenance.objects.bulk_create(
        Provenance(version=version, kind=PublishKind.TRUSTED, **trusted_fields())
        for version in versions
    )
    VersionDownload.objects.bulk_create(
        VersionDownload(version=version, date=now.date(), downloads=9) for version in versions
    )
    latest = make_version(crate, provenance={})
    needed = make_crate("needed")
    make_dependency(make_version(needed), "deeper")
    make_version(make_crate("deeper"))
    make_dependency(latest, "needed")
    make_dependency(latest, "hello", requirement="^0.7", alias="older")
