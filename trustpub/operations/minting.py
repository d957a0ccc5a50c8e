"""Spends an ID token and mints its publish token: every row of a grant, or none of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

from accounts.models import AuditEvent
from trustpub.models import Publisher, PublishToken, SpentIdToken

# The unique constraint decides which of two equal ID tokens came first.
SPEND = """
    INSERT INTO trustpub_spentidtoken (issuer_id, key, spent_at, expires_at)
    VALUES (%s, %s, %s, %s) ON CONFLICT (issuer_id, key) DO NOTHING
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
# What the database's driver does not take as it is.
CONVERTED = (models.JSONField, models.GenericIPAddressField)


@dataclass(frozen=True, slots=True)
class Sightings:
    """What a job had whom these publishers let publish, by their keys; see Publisher.seen."""

    publishers: list[int]
    at: datetime
    seen: dict[str, str]


def spend(spent: SpentIdToken) -> bool:
    """False if that ID token was exchanged before."""
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        moments = [adapt(spent.spent_at), adapt(spent.expires_at)]
        cursor.execute(SPEND, [spent.issuer_id, spent.key, *moments])
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
    spent: SpentIdToken, token: PublishToken, event: AuditEvent, sightings: Sightings
) -> bool:
    database = connections[DEFAULT_DB_ALIAS]
    seen = _SEEN.get_db_prep_save(sightings.seen, database)
    params = [
        *_stored(spent, _SPENT_COLUMNS, database),
        *_stored(token, _TOKEN_COLUMNS, database),
        *(sightings.at, seen, sightings.publishers),
        *_stored(event, _EVENT_COLUMNS, database),
    ]
    with database.cursor() as cursor:
        cursor.execute(_GRANT, params)
        return bool(cursor.rowcount == 1)


class _Column(NamedTuple):
    """Of a row that the database numbers; texts, numbers and moments go as they are."""

    name: str
    attribute: str
    converter: Any


def _columns(model: type[models.Model], *, but: str = "") -> list[_Column]:
    return [
        _Column(
            str(field.column),
            field.attname,
            field.get_db_prep_save if isinstance(field, CONVERTED) else None,
        )
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name != but
    ]


def _stored(row: models.Model, columns: list[_Column], database: Any) -> Iterator[Any]:
    for _, attribute, converter in columns:
        value = getattr(row, attribute)
        yield converter(value, database) if converter else value


def _names(columns: list[_Column]) -> str:
    return ", ".join(column.name for column in columns)


def _places(columns: list[_Column]) -> str:
    return ", ".join(["%s"] * len(columns))


_SPENT_COLUMNS = _columns(SpentIdToken)
_TOKEN_COLUMNS = _columns(PublishToken)
_EVENT_COLUMNS = _columns(AuditEvent, but="subject")
_SEEN = Publisher._meta.get_field("seen")
_GRANT = ALL_AT_ONCE.format(
    spent_columns=_names(_SPENT_COLUMNS),
    spent_values=_places(_SPENT_COLUMNS),
    token_columns=_names(_TOKEN_COLUMNS),
    token_values=_places(_TOKEN_COLUMNS),
    event_columns=_names(_EVENT_COLUMNS),
    event_values=_places(_EVENT_COLUMNS),
)
