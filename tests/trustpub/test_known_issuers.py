"""Which issuers a process remembers; tests/trustpub/api/test_recalled_issuers.py has the rest."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from trustpub import known_issuers
from trustpub.models import Issuer, KeySetRow

FORGE = "https://forge.example"
VERSIONS = "/1(0,1)/1(0,2)"


def _row(
    url: str = FORGE, fetched_at: datetime | None = None, row_versions: str = VERSIONS
) -> KeySetRow:
    row = KeySetRow(url=url, issuer=Issuer(url=FORGE), fetched_at=fetched_at or timezone.now())
    row.row_versions = row_versions  # type: ignore[attr-defined]
    return row


def _recalled(row: KeySetRow) -> bool:
    known_issuers.forget(row.url)
    known_issuers.remember(row, {})
    return known_issuers.recall(row.url) is not None


def test_an_issuer_is_remembered_until_it_is_forgotten() -> None:
    assert _recalled(_row())

    known_issuers.forget(FORGE)

    assert known_issuers.recall(FORGE) is None


@pytest.mark.parametrize(
    "row",
    [
        # It may get an issuer of its own, which then speaks for it.
        _row(url=f"{FORGE}/enterprise"),
        # Another database keeps no versions, and nothing could be held against it.
        _row(row_versions=""),
        # Its keys ought to be fetched.
        _row(fetched_at=timezone.now() - timedelta(minutes=16)),
    ],
    ids=["an enterprise", "no versions", "old keys"],
)
def test_what_is_not_recalled(row: KeySetRow) -> None:
    assert not _recalled(row)


def test_keys_that_were_never_fetched_are_none() -> None:
    row = _row()
    row.fetched_at = None

    assert not _recalled(row)


def test_only_so_many_are_remembered() -> None:
    # Past what others left.
    numbers = range(3 * known_issuers.MOST)
    most = 0
    for number in numbers:
        issuer = Issuer(url=f"{FORGE}/{number}")
        row = KeySetRow(url=issuer.url, issuer=issuer, fetched_at=timezone.now())
        row.row_versions = VERSIONS  # type: ignore[attr-defined]
        known_issuers.remember(row, {})
        kept = [at for at in numbers[: number + 1] if known_issuers.recall(f"{FORGE}/{at}")]
        assert len(kept) <= known_issuers.MOST
        assert kept[-1] == number
        most = max(most, len(kept))

    # All are forgotten at once, when there are too many, and not one for each.
    assert most == known_issuers.MOST
