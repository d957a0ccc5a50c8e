"""Spends an ID token and mints its publish token: every row of a grant, or none of them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models

from accounts.models import AuditEvent
from trustpub.models import Publisher, PublishToken, SpentIdToken

# The unique constraint decides which of two equal ID tokens came first.
SPEND = """
    INSERT INTO trustpub_spentidtoken ({columns}) VALUES ({values})
    ON CONFLICT (issuer_id, key) DO NOTHING
"""
# One way to the database and back instead of four. What the later parts write hangs on the first.
ALL_AT_ONCE = """
    WITH spent AS (
        INSERT INTO trustpub_spentidtoken ({spent_columns}) VALUES ({spent_values})
        ON CONFLICT (issuer_id, key) DO NOTHING RETURNING id
    ), minted AS (
        INSERT INTO trustpub_publishtoken ({token_columns})
        SELECT {token_values} FROM spent RETURNING id
    ), noted AS (
        UPDATE trustpub_publisher SET last_verified_at = %s, seen = %s
        WHERE id = ANY(%s) AND EXISTS (SELECT 1 FROM spent)
    )
    INSERT INTO accounts_auditevent ({event_columns}, subject)
    SELECT {event_values}, 'publish token ' || minted.id FROM minted
"""


@dataclass(frozen=True, slots=True)
class Sightings:
    """What a job had whom these publishers let publish, by their keys; see Publisher.seen."""

    publishers: list[int]
    at: datetime
    seen: dict[str, str]


def spend(spent: SpentIdToken) -> bool:
    """False if that ID token was exchanged before."""
    values = _values(spent)
    names = ", ".join(values)
    with connection.cursor() as cursor:
        cursor.execute(
            SPEND.format(columns=names, values=_places(len(values))), list(values.values())
        )
        return bool(cursor.rowcount == 1)


def mint(
    spent: SpentIdToken,
    token: PublishToken,
    event: AuditEvent,
    sightings: Sightings,
) -> bool:
    """Saves all of it; the event is about the token.

    False, and nothing is saved, if that ID token was exchanged before.
    """
    if connection.vendor == "postgresql":
        return _all_at_once(spent, token, event, sightings)
    if not spend(spent):
        return False
    token.save()
    event.subject = str(token)
    event.save()
    if sightings.publishers:
        publishers = Publisher.objects.filter(pk__in=sightings.publishers)
        publishers.update(last_verified_at=sightings.at, seen=sightings.seen)
    return True


def _all_at_once(
    spent: SpentIdToken,
    token: PublishToken,
    event: AuditEvent,
    sightings: Sightings,
) -> bool:
    rows = _values(spent), _values(token), _values(event)
    del rows[2]["subject"]
    seen = _SEEN.get_db_prep_save(sightings.seen, connection)
    noted = [sightings.at, seen, sightings.publishers]
    params = [*rows[0].values(), *rows[1].values(), *noted, *rows[2].values()]
    with connection.cursor() as cursor:
        cursor.execute(_statement(*(tuple(row) for row in rows)), params)
        return bool(cursor.rowcount == 1)


_SEEN = Publisher._meta.get_field("seen")


@cache
def _statement(spent: tuple[str, ...], token: tuple[str, ...], event: tuple[str, ...]) -> str:
    parts = {"spent": spent, "token": token, "event": event}
    columns = {f"{name}_columns": ", ".join(names) for name, names in parts.items()}
    values = {f"{name}_values": _places(len(names)) for name, names in parts.items()}
    return ALL_AT_ONCE.format(**columns, **values)


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


def _values(row: models.Model) -> dict[str, Any]:
    """By column, as the database's driver takes them; the database numbers the row."""
    return {
        str(field.column): field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
