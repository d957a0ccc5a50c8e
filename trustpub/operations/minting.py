"""Spends an ID token and mints its publish token: every row of a grant, or none of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections

from accounts.models import AuditEvent
from adapters.new_row import Columns, NewRow
from adapters.row_version import row_version
from trustpub.models import Publisher, PublishToken, SpentIdToken

# The unique constraint decides which of two equal ID tokens came first.
SPEND = """
    INSERT INTO trustpub_spentidtoken (issuer_id, key, spent_at, expires_at)
    VALUES (%s, %s, %s, %s) ON CONFLICT (issuer_id, key) DO NOTHING
"""
# One way to the database and back instead of four. What the later parts write hangs on the first,
# and that on the publishers' rows being those that were judged. They are locked by their ids'
# order, as lock_rules does; without a lock one that changes meanwhile would be the judged one here.
ALL_AT_ONCE = """
    WITH unchanged AS (
        SELECT id FROM trustpub_publisher
        WHERE id = ANY(%s) AND id || {row_version} = ANY(%s)
        ORDER BY id FOR NO KEY UPDATE
    ), spent AS (
        INSERT INTO trustpub_spentidtoken ({0.names})
        SELECT {0.places} WHERE (SELECT count(*) FROM unchanged) = %s
        ON CONFLICT (issuer_id, key) DO NOTHING RETURNING id
    ), minted AS (
        INSERT INTO trustpub_publishtoken ({1.names})
        SELECT {1.places} FROM spent RETURNING id
    ), noted AS (
        UPDATE trustpub_publisher SET last_verified_at = %s, seen = %s
        WHERE id = ANY(%s) AND EXISTS (SELECT 1 FROM spent)
    ), told AS (
        INSERT INTO accounts_auditevent ({2.names}, subject)
        SELECT {2.places}, 'publish token ' || minted.id FROM minted
    )
    SELECT (SELECT count(*) FROM unchanged), (SELECT count(*) FROM minted)
"""


@dataclass(frozen=True, slots=True)
class Sightings:
    """What a job had whom these publishers let publish, by their keys; see Publisher.seen."""

    publishers: list[int]
    at: datetime
    seen: dict[str, str]


class RulesChanged(Exception):
    """A publisher is not as it was judged."""


class Written(NamedTuple):
    """The three rows of a grant by their columns; the event is about the token, and lacks that."""

    spent: Columns
    token: Columns
    event: Columns


def spend(spent: Columns) -> bool:
    """False if that ID token was exchanged before."""
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        moments = [adapt(spent["spent_at"]), adapt(spent["expires_at"])]
        cursor.execute(SPEND, [spent["issuer_id"], spent["key"], *moments])
        return bool(cursor.rowcount == 1)


def mint(rows: Written, sightings: Sightings, judged: Mapping[int, str]) -> bool:
    """Saves all of it.

    False, and nothing is saved, if that ID token was exchanged before. `judged` are publishers that
    nobody has locked, by id with their row's version; raises RulesChanged if one has another now.
    """
    if connection.vendor == "postgresql":
        return _all_at_once(rows, sightings, judged)
    if not spend(rows.spent):
        return False
    token = PublishToken.objects.create(**rows.token)
    AuditEvent.objects.create(**rows.event, subject=str(token))
    if sightings.publishers:
        publishers = Publisher.objects.filter(pk__in=sightings.publishers)
        publishers.update(last_verified_at=sightings.at, seen=sightings.seen)
    return True


def _all_at_once(rows: Written, sightings: Sightings, judged: Mapping[int, str]) -> bool:
    statement = _statement(*map(tuple, rows))
    params = [
        *(_array(judged), _array(f"{key}{version}" for key, version in judged.items())),
        *statement.spent.params(rows.spent),
        len(judged),
        *statement.token.params(rows.token),
        *(sightings.at, json.dumps(sightings.seen), _array(sightings.publishers)),
        *statement.event.params(rows.event),
    ]
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(statement.sql, params)
        unchanged, minted = cursor.fetchone()
    if unchanged != len(judged):
        raise RulesChanged
    return bool(minted)


def _array(values: Iterable[object]) -> str:
    """Of numbers and row versions, as PostgreSQL writes it: the driver takes far longer for it."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


class _Statement(NamedTuple):
    sql: str
    spent: NewRow
    token: NewRow
    event: NewRow


@cache
def _statement(
    spent: tuple[str, ...], token: tuple[str, ...], event: tuple[str, ...]
) -> _Statement:
    """For rows of which these columns are given."""
    rows = (
        NewRow(SpentIdToken, spent),
        NewRow(PublishToken, token),
        NewRow(AuditEvent, event, but="subject"),
    )
    sql = ALL_AT_ONCE.format(*rows, row_version=row_version("trustpub_publisher"))
    return _Statement(sql, *rows)
