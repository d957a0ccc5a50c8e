"""Rows that are part of a larger statement must be stored as the ORM would store them."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from adapters.new_row import NewRow
from registry.models import Ownership

GIVEN = {"name": "x", "actor_kind": "person", "after": {"a": ["%s", "'"]}, "address": "2001:db8::1"}


@pytest.mark.postgres
@pytest.mark.django_db
def test_what_is_not_given_is_as_the_model_says() -> None:
    columns = GIVEN | {"at": timezone.now()}
    row = NewRow(AuditEvent, columns, but="subject")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_auditevent ({row.names}, subject) SELECT {row.places}, %s",
            [*row.params(columns), "computed"],
        )

    stored = AuditEvent.objects.values().get()
    expected = AuditEvent.objects.create(**columns, subject="computed")
    assert stored | {"id": 0} == AuditEvent.objects.values().get(pk=expected.pk) | {"id": 0}


def test_what_is_another_for_each_row_has_to_be_given() -> None:
    with pytest.raises(TypeError, match=r"AuditEvent\.at is another for each row"):
        NewRow(AuditEvent, GIVEN)


def test_a_column_that_there_is_not_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Ownership has no column user"):
        NewRow(Ownership, ["user", "created_at"])
