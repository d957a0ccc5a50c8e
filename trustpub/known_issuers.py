"""Issuers as this process last saw them: a signature is checked before the database is asked.

Nothing is granted or refused by it alone. The question for the rules, which comes next, tells
whether the rows are still the same; if not, the exchange looks again. PostgreSQL only: elsewhere
the question costs next to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, CharField, Value
from django.db.models.expressions import RawSQL
from django.utils import timezone

from adapters.row_version import row_version
from trustpub.jwks import PublicJwk
from trustpub.models import Issuer, KeySetRow
from trustpub.models.switch import PROVIDER_PREFIX, TRUSTED_PUBLISHING

MOST = 64
# Of a query with both tables.
ROW_VERSIONS = f"{row_version('trustpub_issuer')} || {row_version('trustpub_keysetrow')}"
# Of a query with the issuer's.
STANDS = """
    EXISTS (
        SELECT 1 FROM trustpub_keysetrow known
        WHERE known.issuer_id = trustpub_issuer.id AND known.url = %s
        AND {of_issuer} || {of_known} = %s
    ) AND NOT EXISTS (
        SELECT 1 FROM trustpub_switchedoff
        WHERE name IN (%s, %s || trustpub_issuer.provider)
    )
""".format(of_issuer=row_version("trustpub_issuer"), of_known=row_version("known"))  # noqa: S608


@dataclass(frozen=True, slots=True)
class KnownIssuer:
    """The issuer and its keys by id; `row_versions` are those of both rows."""

    issuer: Issuer
    keys: Mapping[str, PublicJwk]
    fetched_at: datetime
    row_versions: str


_known: dict[str, KnownIssuer] = {}


def remember(row: KeySetRow, keys: Mapping[str, PublicJwk]) -> None:
    """`row` as trustpub.keys.known found it.

    Not the key set of one of a forge's enterprises, which may get an issuer of its own.
    """
    row_versions = getattr(row, "row_versions", "")
    if not row_versions or row.fetched_at is None or row.url != row.issuer.url:
        return
    if len(_known) >= MOST:
        _known.clear()
    _known[row.url] = KnownIssuer(row.issuer, keys, row.fetched_at, row_versions)


def recall(issuer_url: str) -> KnownIssuer | None:
    """None also where the keys are so old that they ought to be fetched."""
    found = _known.get(issuer_url)
    if found is None or timezone.now() - found.fetched_at > settings.KEY_SET_SOFT_AGE:
        return None
    return found


def forget(issuer_url: str) -> None:
    """Until it is looked up again."""
    _known.pop(issuer_url, None)


def row_versions() -> RawSQL | Value:
    """For a query set of KeySetRow with its issuer."""
    if connection.vendor == "postgresql":
        return RawSQL(ROW_VERSIONS, (), CharField())  # noqa: S611
    return Value("")


def stands(issuer_url: str, row_versions: str) -> RawSQL | Value:
    """Whether these are the versions now, and nothing is switched off; for one with its issuer."""
    if connection.vendor == "postgresql":
        params = (issuer_url, row_versions, TRUSTED_PUBLISHING, PROVIDER_PREFIX)
        return RawSQL(STANDS, params, BooleanField())  # noqa: S611
    return Value(value=True)
