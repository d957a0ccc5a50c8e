"""What single checks about readers keep apart (reference, d.8)."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.errors import NotFound
from accounts.models import AuditEvent
from demo.gitlab_server import FakeGitLab
from demo.issuer import LocalIssuer
from registry.actors import System
from tests.ci import IDS, exchange, id_token
from tests.clock import clock_at
from tests.factories.id_tokens import claims_of
from tests.trustpub.api.test_readers import READ, read_token
from tests.wire import refusal
from trustpub.errors import InvalidPublisher
from trustpub.models import Issuer, Publisher, PublisherCrate, PublishToken, Reader
from trustpub.operations.issuers import trust_issuer
from trustpub.operations.readers import add_reader, remove_reader

OWNER_ID = IDS["repository_owner_id"]
SHELL = System("tests")


@pytest.fixture
def reader(issuer: Issuer) -> Reader:
    return add_reader(actor=SHELL, issuer=issuer, owner="ferris-labs", owner_id=OWNER_ID)


@pytest.fixture
def other(issuer: Issuer) -> Reader:
    return add_reader(actor=SHELL, issuer=issuer, owner="acme", owner_id="5")


def test_one_is_removed_and_one_is_used(reader: Reader, other: Reader, ci: LocalIssuer) -> None:
    read_token(ci)
    read_token(ci)
    first, last = PublishToken.objects.order_by("pk")
    PublishToken.objects.filter(pk=first.pk).update(
        revoked_at=timezone.now(), revoked_because="leaked"
    )
    other.refresh_from_db()
    assert other.last_used_at is None

    remove_reader(actor=SHELL, reader_id=reader.pk)

    assert list(Reader.objects.all()) == [other]
    reasons = PublishToken.objects.order_by("pk").values_list("revoked_because", flat=True)
    assert list(reasons) == ["leaked", "reader removed"]
    names = AuditEvent.objects.filter(name__startswith="reader.").values_list("name", flat=True)
    assert sorted(names) == ["reader.created", "reader.created", "reader.deleted"]
    with pytest.raises(NotFound):
        remove_reader(actor=SHELL, reader_id=reader.pk)
    assert last.revoked_at is None


def test_its_last_use_is_exact_to_a_minute(reader: Reader, ci: LocalIssuer) -> None:
    read_token(ci)
    used_at = Reader.objects.get().last_used_at
    assert used_at is not None
    read_token(ci)
    assert Reader.objects.get().last_used_at == used_at

    with clock_at(timezone.now() + timedelta(minutes=2)):
        read_token(ci)

    later = Reader.objects.get().last_used_at
    assert later is not None
    assert later > used_at


@pytest.mark.parametrize(
    ("owner", "repository"), [("", ""), ("o" * 256, ""), ("ferris-labs", "r" * 256)]
)
def test_who_reads_is_named(issuer: Issuer, owner: str, repository: str) -> None:
    with pytest.raises(InvalidPublisher, match="must be named"):
        add_reader(
            actor=SHELL,
            issuer=issuer,
            owner=owner,
            repository=repository,
            owner_id="5",
            repository_id="6" if repository else "",
        )


def test_given_numbers_are_not_asked_for(issuer: Issuer) -> None:
    found = add_reader(
        actor=SHELL,
        issuer=issuer,
        owner="acme",
        repository="anvil",
        owner_id="5",
        repository_id="6",
    )

    assert (found.owner_id, found.repository_id) == ("5", "6")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"owner_id": "5", "repository_id": "6"}, ("5", "6")),
        ({"owner_id": "5"}, ("5", "20488")),
        ({"repository_id": "6"}, ("7718", "6")),
        ({}, ("7718", "20488")),
    ],
)
def test_only_numbers_that_are_not_given_are_asked_for(
    ci: LocalIssuer, db: None, given: dict[str, str], expected: tuple[str, str]
) -> None:
    with FakeGitLab() as gitlab:
        gitlab.projects["acme/anvil"] = (20488, 7718)
        issuer = trust_issuer(actor=SHELL, provider="gitlab", url=ci.url, web_url=gitlab.url)

        found = add_reader(actor=SHELL, issuer=issuer, owner="acme", repository="anvil", **given)

    assert (found.owner_id, found.repository_id) == expected


def test_an_owner_alone_is_asked_for_where_the_forge_knows_it(ci: LocalIssuer, db: None) -> None:
    with FakeGitLab() as gitlab:
        gitlab.groups["acme"] = 7718
        issuer = trust_issuer(actor=SHELL, provider="gitlab", url=ci.url, web_url=gitlab.url)

        found = add_reader(actor=SHELL, issuer=issuer, owner="o" * 255, owner_id="5")
        asked = add_reader(actor=SHELL, issuer=issuer, owner="acme")

    assert (found.owner_id, found.repository_id) == ("5", "")
    assert (asked.owner_id, asked.repository_id) == ("7718", "")


def test_a_system_without_events_reads_as_well(ci: LocalIssuer, db: None) -> None:
    issuer = trust_issuer(actor=SHELL, provider="google", url=ci.url)
    claims = claims_of("google")
    subject = str(claims["sub"])
    add_reader(actor=SHELL, issuer=issuer, owner="releaser", owner_id=subject)
    now = int(time.time())
    job = {**claims, "iss": ci.url, "aud": settings.AUDIENCES[0], "iat": now, "exp": now + 300}

    assert exchange(ci.sign(job), **READ).status_code == 200


def test_a_strangers_pull_request_learns_nothing_of_readers(
    reader: Reader, ci: LocalIssuer
) -> None:
    stranger = id_token(ci, event_name="pull_request", repository_owner_id="31")

    assert refusal(exchange(stranger, **READ), 403)["code"] == "no_publisher"
    ours = id_token(ci, event_name="pull_request")
    assert refusal(exchange(ours, **READ), 403)["code"] == "event_not_allowed"


def test_a_publisher_that_stopped_says_so_to_a_job_that_reads(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    Publisher.objects.update(state=Publisher.State.SUSPENDED)

    error = refusal(exchange(id_token(ci), **READ), 403)

    assert error["code"] == "publisher_suspended"
