"""What the ORM writes once must answer, and store, as the ORM itself does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, models
from django.db.models import Exists, OuterRef

from accounts.models import AuditEvent
from adapters.compiled import CompiledInsert, CompiledQuery, CompiledUpdate, Statement
from registry.models import Crate, IndexChange, Ownership
from tests.factories.registry import make_crate, make_user

pytestmark = pytest.mark.django_db
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _owned(name: str, owner: int, since: datetime) -> "models.QuerySet[Ownership]":
    others = Ownership.objects.filter(crate=OuterRef("crate_id")).exclude(user=owner)
    return (
        Ownership.objects.filter(crate__name__gte=name, user=owner, created_at__gt=since)
        .annotate(is_shared=Exists(others))
        .select_related("crate", "user")
        .order_by("crate__name")
    )


def test_rows_come_with_what_belongs_to_them() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    shared = make_crate("tide-pool", owner=alice, keywords=["sea"])
    make_crate("tide", owner=alice)
    make_crate("tide-bob", owner=bob)
    Ownership.objects.create(crate=shared, user=bob)
    query = CompiledQuery(_owned, name=str, owner=int, since=datetime)

    for owner in (alice, bob, alice):
        expected = list(_owned("tide", owner.pk, EPOCH))
        found = query.rows(name="tide", owner=owner.pk, since=EPOCH)
        assert found == expected
        with_shared = [(row.crate.name, row.user.login, row.is_shared) for row in found]
        assert with_shared == [(r.crate.name, r.user.login, r.is_shared) for r in expected]
        assert [row.crate.keywords for row in found] == [row.crate.keywords for row in expected]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert query.rows(name="tide", owner=alice.pk, since=tomorrow) == []


def test_one_query_for_each_answer(django_assert_num_queries: object) -> None:
    make_crate("tide", owner=make_user("alice"))
    query = CompiledQuery(lambda name: Crate.objects.filter(name=name), name=str)
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert [crate.name for crate in query.rows(name="tide")] == ["tide"]
        assert query.rows(name="%s'; --") == []


def test_values_come_as_the_orm_would_give_them() -> None:
    make_crate("tide", owner=make_user("alice"), keywords=["sea"])
    rows = Crate.objects.values_list("name", "keywords", "created_at")
    query = CompiledQuery(lambda name: rows.filter(name=name), name=str)

    assert query.tuples(name="tide") == list(rows)
    assert query.tuples(name="ebb") == []
    found = CompiledQuery(lambda name: Crate.objects.filter(name=name), name=str)
    assert found.first(name="tide") == Crate.objects.get()
    assert found.first(name="ebb") is None


def test_rows_are_stored_as_save_would() -> None:
    facts = {"name": "x", "actor_kind": "person", "after": {"a": ["b"]}, "address": "2001:db8::1"}
    insert, update = CompiledInsert(AuditEvent), CompiledUpdate(Crate, "keywords", "updated_at")

    for _ in range(2):
        event = insert.save(AuditEvent(**facts))
        expected = AuditEvent.objects.create(**facts)
        stored = AuditEvent.objects.get(pk=event.pk)
        assert (stored.after, stored.address) == (expected.after, expected.address)
        assert stored.at == event.at
    crate = make_crate("tide", owner=make_user("alice"))
    crate.keywords, crate.updated_at, crate.description = ["sea"], EPOCH, "not among them"
    update.save(crate)
    again = Crate.objects.get()
    assert (again.keywords, again.updated_at, again.description) == (["sea"], EPOCH, "")


def test_what_an_outer_join_does_not_find_is_none() -> None:
    make_crate("tide", owner=make_user("alice"))
    teams = Ownership.objects.select_related("team", "crate")
    [found] = CompiledQuery(lambda name: teams.filter(crate__name=name), name=str).rows(name="tide")

    assert found.team is None
    assert found.crate.name == "tide"
    # What was not selected is looked up, as ever.
    crates = Crate.objects.only("name")
    [crate] = CompiledQuery(lambda name: crates.filter(name=name), name=str).rows(name="tide")
    assert crate.get_deferred_fields() == Crate.objects.only("name").get().get_deferred_fields()
    crate.description = "As good as any other instance"
    crate.save()
    assert Crate.objects.get().description == crate.description


@pytest.mark.postgres
def test_a_statement_that_writes_goes_along_with_a_query(django_assert_num_queries: object) -> None:
    make_crate("tide", owner=make_user("alice"))
    query = CompiledQuery(lambda name: Crate.objects.filter(name=name), name=str)
    table = "registry_indexchange (crate_name, created_at)"
    sql = f"INSERT INTO {table} VALUES (%s, %s) RETURNING crate_name"

    for name, found in (("tide", ["tide"]), ("ebb", [])):
        with django_assert_num_queries(1):  # type: ignore[operator]
            written, rows = query.rows_beside(Statement(sql, [name, EPOCH]), name=name)
        assert written == [{"crate_name": name}]
        assert [row.name for row in rows] == found
    assert IndexChange.objects.count() == 2


def test_a_value_that_the_query_does_not_use_is_a_mistake() -> None:
    query = CompiledQuery(lambda name, more: Crate.objects.filter(name=name), name=str, more=int)
    with pytest.raises(ValueError, match="does not use more"):
        query.rows(name="tide", more=1)


@pytest.mark.postgres
def test_a_connection_whose_server_has_gone_is_noticed() -> None:
    connection.ensure_connection()
    assert connection.is_usable()
    connection.connection.pgconn.finish()
    assert not connection.is_usable()
    connection.connection = None
    assert not connection.is_usable()
