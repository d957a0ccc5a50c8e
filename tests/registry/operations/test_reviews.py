"""What waits for moderators: new crates with their likeness, odd patterns, forgotten names."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, Suspicion, User
from accounts.operations.audit_log import forget_addresses
from accounts.operations.moderators import make_moderator
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate, CrateReview
from registry.operations import reviews
from registry.operations.reports import report
from tests.accounts.deeds import address, do
from tests.ci import let_found
from tests.factories.registry import make_crate, make_owner, make_version
from tests.trustpub.api.conftest import _running_ci, ci, issuer
from tests.wire import publish, send
from trustpub.models import Issuer, PendingPublisher

__all__ = ["_running_ci", "ci", "issuer"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def mod(client: Client, charlie: User) -> Client:
    make_moderator(actor=System("tests"), user=charlie)
    client.force_login(charlie)
    return client


def test_a_new_crate_waits_with_what_its_name_looks_like(
    mod: Client, alice: User, alice_token: str, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    make_crate("tokio", owner=bob)
    # One's own names are nobody's bait.
    make_crate("tokoy", owner=alice)

    with django_capture_on_commit_callbacks(execute=True):
        publish(alice_token, "tokoi")
        publish(alice_token, "tokoi", "2.0.0")

    row = CrateReview.objects.get()
    assert (row.crate.name, row.score, row.resembles) == ("tokoi", 90, "tokio")
    first = mod.get("/admin/").content.decode()
    assert "<strong>1</strong> New crates to look at" in first
    listed = mod.get("/admin/registry/cratereview/").content.decode()
    assert 'href="/crates/tokio"' in listed
    assert "is one slip of the keyboard away" in listed

    do(mod, CrateReview, "look-at", [row], reason="harmless")

    row.refresh_from_db()
    assert row.looked_at_by
    assert row.looked_at_by.login == "charlie"
    event = AuditEvent.objects.get(name="crate.looked_at")
    assert (event.subject, event.after["reason"], event.crate) == ("tokoi", "harmless", "")
    assert "<strong>0</strong> New crates to look at" in mod.get("/admin/").content.decode()
    assert 'href="/crates/tokio"' not in mod.get("/admin/registry/cratereview/").content.decode()
    done = mod.get("/admin/registry/cratereview/?queue=done").content.decode()
    assert 'href="/crates/tokio"' in done


def test_the_clock_finds_new_crates_whose_job_was_lost(alice: User) -> None:
    for name in ("tide", "empty"):
        make_owner(make_crate(name), alice)
    make_version(Crate.objects.get(name="tide"))
    Crate.objects.filter(name="tide").update(num_versions=1)

    assert [reviews.review_missed() for _ in range(2)] == [1, 0]
    reviews.review_new_crate(Crate.objects.get(name="tide").pk)

    assert [row.crate.name for row in CrateReview.objects.all()] == ["tide"]


def test_many_new_crates_of_one_person_are_one_suspicion(mod: Client, alice: User) -> None:
    for number in range(reviews.MANY_CRATES + 2):
        crate = make_crate(f"spam-{number}", owner=alice)
        reviews.review_new_crate(crate.pk)

    [row] = Suspicion.objects.all()
    assert (row.kind, row.user, row.detail) == (
        "many_crates",
        alice,
        f"{reviews.MANY_CRATES} new crates within an hour",
    )
    do(mod, Suspicion, "look-at", [row], reason="a workspace")
    assert not Suspicion.objects.waiting().exists()
    assert AuditEvent.objects.get(name="suspicion.looked_at").after["reason"] == "a workspace"


@pytest.mark.parametrize(
    ("days", "before", "suspected"),
    [
        (61, "203.0.0.0/16", True),
        (61, "127.0.0.0/16", False),
        (59, "203.0.0.0/16", False),
        (61, "", False),
    ],
)
def test_a_token_that_wakes_up_elsewhere_is_suspected(
    alice: User, alice_token: str, days: int, before: str, suspected: bool
) -> None:
    ago = timezone.now() - timedelta(days=days)
    ApiToken.objects.update(last_used_at=ago, last_network=before)

    send("GET", "/api/v1/me", alice_token)

    assert ApiToken.objects.get().last_network == "127.0.0.0/16"
    assert Suspicion.objects.exists() is suspected
    if suspected:
        assert "from 127.0.0.0/16 (before: 203.0.0.0/16)" in Suspicion.objects.get().detail


def test_networks_are_forgotten_with_the_other_addresses(
    alice: User, alice_token: str, settings: LazySettings
) -> None:
    send("GET", "/api/v1/me", alice_token)
    settings.KEEP_ADDRESSES = timedelta(0)

    forget_addresses()

    assert ApiToken.objects.get().last_network == ""


def test_names_that_were_reserved_and_forgotten_are_listed(
    mod: Client, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    for name in ("fresh", "forgotten"):
        let_found(name, alice, issuer)
    late = timezone.now() + timedelta(days=20)
    PendingPublisher.objects.filter(crate_name="forgotten").update(expires_at=late)

    page = mod.get("/admin/").content.decode()
    listed = mod.get("/admin/trustpub/pendingpublisher/?unused=long").content.decode()

    assert "<strong>1</strong> Pending publishers, a week old and never used" in page
    assert "forgotten" in listed
    assert "fresh" not in listed


def test_queues_are_for_moderators_alone(client: Client, alice: User, bob: User) -> None:
    report(user=bob, crate=make_crate("tide"), category="other", text="x")
    for user in (None, alice):
        if user:
            client.force_login(user)
        for path in (
            "/admin/",
            "/admin/registry/report/",
            "/admin/registry/cratereview/",
            "/admin/accounts/suspicion/",
            address(CrateReview, "look-at"),
            address(Suspicion, "look-at"),
        ):
            assert client.get(path).status_code == 302, path
