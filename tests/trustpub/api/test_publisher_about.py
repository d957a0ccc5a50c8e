"""What owners say of a publisher beside its rule: a name, a note, a last day."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests.ci import exchange, form, id_token, let_publish, publish_token
from tests.clock import clock_at
from tests.wire import publish, refusal, send
from trustpub.models import Issuer, PublisherCrate

PUBLISHERS = "/api/v1/trusted_publishing/publishers"


def described(token: str, grant: PublisherCrate, **about: object) -> Any:
    return send("PATCH", f"{PUBLISHERS}/{grant.pk}", token, {"publisher": about})


def test_a_name_a_note_and_a_last_day(alice_token: str, grant: PublisherCrate) -> None:
    day = timezone.now().astimezone(UTC).date() + timedelta(days=30)

    answer = described(alice_token, grant, name="Releases", note="ask Mira", ends_at=str(day))

    told = answer.json()["publisher"]
    assert (told["name"], told["note"]) == ("Releases", "ask Mira")
    # All of that day counts.
    assert told["ends_at"].startswith(f"{day + timedelta(days=1)}T00:00:00")
    event = AuditEvent.objects.filter(name="publisher.edited").get()
    assert event.after["name"] == "Releases"
    # What is not named stays, and null takes away.
    told = described(alice_token, grant, ends_at=None).json()["publisher"]
    assert (told["name"], told["ends_at"]) == ("Releases", None)


def test_saying_the_same_again_changes_nothing(alice_token: str, grant: PublisherCrate) -> None:
    described(alice_token, grant, name="Releases")
    described(alice_token, grant, name="Releases")

    assert AuditEvent.objects.filter(name="publisher.edited").count() == 1


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({"name": "x" * 101}, 400),
        ({"note": "x" * 501}, 400),
        ({"name": "a\nb"}, 400),
        ({"name": 1}, 400),
        ({"ends_at": "2020-01-01"}, 400),
        ({"ends_at": "2027-02-30"}, 400),
        ({"ends_at": "2999-01-01"}, 400),
        ({"ends_at": "2027-01-01T00:00:00"}, 400),
        ({"ends_at": "soon"}, 400),
        ({"ends_at": 5}, 400),
        ({"crate": "pool"}, 422),
    ],
)
def test_what_is_wrong_is_named(
    alice_token: str, grant: PublisherCrate, about: dict[str, object], status: int
) -> None:
    error = refusal(described(alice_token, grant, **about), status)

    assert next(iter(about)) in error["detail"]


def test_strangers_describe_nothing(bob_token: str, grant: PublisherCrate) -> None:
    refusal(described(bob_token, grant, name="mine"), 400)


@pytest.mark.parametrize(("seconds", "ends"), [(-1, False), (0, True)])
def test_it_ends_at_that_moment_and_so_do_its_tokens(
    grant: PublisherCrate, ci: LocalIssuer, seconds: int, ends: bool
) -> None:
    end = timezone.now() + timedelta(minutes=2)
    PublisherCrate.objects.filter(pk=grant.pk).update(ends_at=end)
    token = publish_token(ci)

    with clock_at(end + timedelta(seconds=seconds)):
        exchanged, published = exchange(id_token(ci)), publish(token, "tide")

    assert (exchanged.status_code == 403) is ends
    assert (published.status_code == 403) is ends
    if ends:
        error = refusal(exchanged, 403)
        assert error["code"] == "publisher_suspended"
        assert "its last day is over" in error["detail"]


def test_one_crate_may_end_while_the_other_goes_on(
    alice: User, grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    moon = Crate.objects.create(name="moon", canonical_name="moon")
    moon.ownerships.create(user=alice)
    let_publish(moon, alice, issuer)
    PublisherCrate.objects.filter(pk=grant.pk).update(ends_at=timezone.now())

    assert exchange(id_token(ci)).json()["crates"] == ["moon"]


def test_where_only_ci_may_publish_a_later_end_has_to_wait(
    alice_token: str, tide: Crate, grant: PublisherCrate
) -> None:
    """A thief of an owner's account would give a publisher that is over new life."""
    since = timezone.now() - timedelta(days=2)
    Crate.objects.filter(pk=tide.pk).update(trustpub_only=True, trustpub_only_since=since)
    soon, later = timezone.now() + timedelta(days=5), timezone.now() + timedelta(days=9)
    PublisherCrate.objects.filter(pk=grant.pk).update(ends_at=soon)

    sooner = described(alice_token, grant, ends_at=(soon - timedelta(days=1)).isoformat())
    assert sooner.json()["publisher"]["begins_at"] is None
    longer = described(alice_token, grant, ends_at=later.isoformat())
    assert longer.json()["publisher"]["begins_at"] is not None


def test_the_page_shows_and_changes_them(
    client: Client, alice: User, tide: Crate, issuer: Issuer
) -> None:
    client.force_login(alice)
    new = "/crates/tide/settings/publishers/new"
    about = {"about_name": "Night <builds>", "about_note": "ask Mira", "about_ends_at": "soon"}
    sent = {"issuer": issuer.pk, **{k: v or "" for k, v in form().items()}, **about}

    refused = client.post(new, sent)
    assert refused.status_code == 400
    assert "must be a day" in refused.content.decode()
    last = timezone.now().date() + timedelta(days=90)
    assert client.post(new, sent | {"about_ends_at": str(last)}).status_code == 302

    grant = PublisherCrate.objects.get()
    after = last + timedelta(days=1)
    assert grant.ends_at == datetime.combine(after, time(), UTC)
    page = client.get("/crates/tide/settings").content.decode()
    assert "Night &lt;builds&gt;" in page
    assert f"{after:%-d %b %Y} 00:00" in page
    edit = f"/crates/tide/settings/publishers/{grant.pk}/edit"
    assert f'value="{last}"' in client.get(edit).content.decode()
    client.post(edit, sent | {"about_ends_at": "", "about_note": ""})
    assert PublisherCrate.objects.filter(name="Night <builds>", note="", ends_at=None).exists()
