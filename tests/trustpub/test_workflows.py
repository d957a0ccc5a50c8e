import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from registry.models import Crate
from registry.queries.trust import trust_in
from tests.factories.registry import make_crate, make_version
from tests.factories.trustpub import make_issuer, make_publisher
from trustpub.models import Issuer, Publisher

pytestmark = pytest.mark.django_db


@pytest.fixture
def crate(alice: User) -> Crate:
    crate = make_crate("tide", owner=alice)
    make_version(crate, provenance={})
    return crate


def test_a_workflow_that_has_published_is_named(client: Client, crate: Crate) -> None:
    make_publisher(crate, make_issuer(name="GitHub Actions"), last_used_at=timezone.now())

    page = client.get("/crates/tide").content.decode()

    assert "Workflow release.yml of octo/hello" in page
    assert "environment release" in page
    assert "CI, and the owners with API tokens." in page


def test_one_that_has_not_is_counted_alone(client: Client, crate: Crate) -> None:
    make_publisher(crate, repository="secret/plans", form={"repository_name": "plans"})

    page = client.get("/crates/tide").content.decode()

    assert "1 workflow that has not published yet" in page
    assert "plans" not in page


@pytest.mark.parametrize("state", [Publisher.State.SUSPENDED, Publisher.State.AWAITING])
def test_one_that_cannot_publish_is_none(crate: Crate, state: str) -> None:
    make_publisher(crate, state=state, last_used_at=timezone.now())
    make_publisher(crate, make_issuer(state=Issuer.State.DISABLED), last_used_at=timezone.now())

    assert trust_in(crate).workflows.count == 0


@pytest.mark.parametrize(
    ("ci_only", "publishers", "verdict"),
    [
        (False, 0, "The owners, with API tokens. No workflow is trusted."),
        (True, 1, "CI alone: no person can upload a version."),
        (True, 0, "Nobody, as things stand."),
    ],
)
def test_the_verdict_follows_from_both(
    client: Client, crate: Crate, ci_only: bool, publishers: int, verdict: str
) -> None:
    Crate.objects.filter(pk=crate.pk).update(trustpub_only=ci_only)
    for _ in range(publishers):
        make_publisher(crate, last_used_at=timezone.now())

    assert verdict in client.get("/crates/tide").content.decode()
