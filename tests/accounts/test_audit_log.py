"""The audit log can be read in every way, and written only once."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.models import AuditErasure, AuditEvent, User
from accounts.operations.erase import erase
from accounts.operations.people import make_administrator
from accounts.tasks import forget_addresses
from registry.actors import System
from tests.wire import send

pytestmark = [pytest.mark.django_db, pytest.mark.queries]
TABLE = AuditEvent._meta.db_table


@pytest.fixture
def event() -> AuditEvent:
    return record("crate.created", crate="tide", address="192.0.2.1")


def record(name: str, *, at: datetime | None = None, **fields: str | None) -> AuditEvent:
    given = {"at": at} if at else {}
    return AuditEvent.objects.create(
        name=name, actor_kind="person", actor_label="alice", **given, **fields
    )


@pytest.mark.parametrize(
    "field", [field for field in AuditEvent._meta.local_concrete_fields if field.name != "address"]
)
def test_no_field_of_an_event_changes(event: AuditEvent, field: object) -> None:
    name = getattr(field, "name")  # noqa: B009 - a field of any kind
    values = {"at": datetime(2000, 1, 1, tzinfo=UTC), "id": 0, "before": {"x": 1}, "after": [1]}

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(**{name: values.get(name, "changed")})


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM {TABLE}",
        f"UPDATE {TABLE} SET address = '192.0.2.9'",
        f"UPDATE {TABLE} SET address = NULL, subject = 'other'",
    ],
)
def test_no_event_goes_and_no_address_is_replaced(event: AuditEvent, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    event.refresh_from_db()
    assert event.address == "192.0.2.1"


def test_the_table_is_not_emptied_or_overwritten_by_the_back_door(event: AuditEvent) -> None:
    statement = (
        f"TRUNCATE {TABLE}"
        if connection.vendor == "postgresql"
        else f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}"
    )

    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_an_address_can_be_taken_out(event: AuditEvent) -> None:
    assert AuditEvent.objects.filter(pk=event.pk).update(address=None) == 1

    event.refresh_from_db()
    assert (event.address, event.crate) == (None, "tide")


# --- Who deletes their account ---


def test_a_deleted_account_is_taken_out_and_leaves_no_leave_behind(
    event: AuditEvent, alice: User
) -> None:
    own = record("user.renamed", actor_id=str(alice.pk), address="192.0.2.2", subject="alice")

    erase(alice)

    own.refresh_from_db()
    name = f"deleted account {own.actor_id}"
    assert (own.actor_label, own.subject, own.address) == (name, name, None)
    event.refresh_from_db()
    assert (event.actor_label, event.address) == ("alice", "192.0.2.1")
    assert not AuditErasure.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"at": datetime(2000, 1, 1, tzinfo=UTC)},
        {"id": 0},
        {"name": "deleted account 7"},
        {"actor_kind": "system"},
        {"actor_id": "0"},
        {"actor_label": "bob"},
        {"crate": "deleted account 7"},
        {"subject": "deleted account 7"},
        {"before": {"x": 1}},
        {"after": [1]},
        {"request_id": ""},
        {"address": "192.0.2.9"},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("address", ["192.0.2.1", None])
def test_a_deletion_takes_out_its_login_and_nothing_else(
    event: AuditEvent, change: dict[str, object], address: str | None
) -> None:
    # The subject is another person's login.
    other = record("owner.added", subject="bob", request_id="r", address=address)
    AuditErasure.objects.create(login="alice", name="deleted account 7")

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEvent.objects.filter(pk=other.pk).update(**change)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AuditEvent.objects.filter(pk=other.pk).delete()


# --- Reading ---


def export(**options: str) -> list[dict[str, object]]:
    said = StringIO()
    arguments = [f"--{key}={value}" for key, value in options.items()]
    call_command("export_audit", *arguments, stdout=said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_it_exports_what_is_asked_for(event: AuditEvent) -> None:
    record("token.created", at=datetime(2020, 1, 1, tzinfo=UTC), subject="läptop")
    audit.record("token.revoked", actor=System("doctor"), after={"why": "leaked"})

    def names(**options: str) -> list[object]:
        return [line["name"] for line in export(**options)]

    assert names() == ["crate.created", "token.created", "token.revoked"]
    assert names(name="token.*") == ["token.created", "token.revoked"]
    assert names(name="token.revoked", actor="doctor") == ["token.revoked"]
    assert names(crate="tide") == ["crate.created"]
    assert names(since="2020-01-01", until="2020-01-02T00:00") == ["token.created"]
    [line] = export(name="token.revoked")
    assert line["actor"] == {"kind": "system", "id": "", "label": "doctor"}
    assert line["after"] == {"why": "leaked"}


def test_a_time_that_is_none_is_explained() -> None:
    with pytest.raises(CommandError, match="'soon' is no time; for example 2026-08-31T12:00"):
        export(since="soon")


def test_administrators_search_and_export(alice: User, client: Client, event: AuditEvent) -> None:
    make_administrator(actor=System("tests"), user=alice, password="long enough")
    client.force_login(alice)
    path = "/admin/accounts/auditevent/"

    page = send("GET", f"{path}?q=tide&actor_kind__exact=person", client=client).content.decode()
    assert "1 audit event" in page

    answer = client.post(path, {"action": "export", "_selected_action": [event.pk]})
    assert answer["Content-Type"] == "application/x-ndjson"
    [line] = answer.getvalue().decode().splitlines()
    assert json.loads(line)["address"] == "192.0.2.1"


# --- What it forgets ---


def test_addresses_go_and_events_stay(db: None, settings: Settings) -> None:
    now = timezone.now()
    kept = settings.KEEP_ADDRESSES
    for minutes in (-1, 1):
        AuditEvent.objects.create(
            at=now - kept + timedelta(minutes=minutes), name="x", address="192.0.2.7"
        )

    for _ in range(2):
        forget_addresses()

    assert list(AuditEvent.objects.order_by("at").values_list("address", flat=True)) == [
        None,
        "192.0.2.7",
    ]


@pytest.mark.parametrize("days", [1, 400])
def test_how_long_is_the_operators_choice(db: None, settings: Settings, days: int) -> None:
    settings.KEEP_ADDRESSES = timedelta(days=days)
    AuditEvent.objects.create(at=timezone.now() - timedelta(days=30), name="x", address="192.0.2.7")

    forget_addresses()

    assert AuditEvent.objects.filter(address=None).exists() == (days == 1)
