"""Notes what happened for the figures of /metrics, without a question to the database (g.5).

Each web process appends to a file of its own; trustpub.fold_notes adds them up. Also what came to
nothing before any query, such as garbage at the exchange, can be counted that way.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote

from django.conf import settings

from accounts.errors import Refusal
from adapters.spool import spool_of

EXCHANGE = "exchange"
# In the place of an outcome stands the issuer, quoted as in an address.
STRANGER = "stranger"
LONGEST_ISSUER = 200
# Likewise a claim, with the number of its issuer in the place of a provider.
UNKNOWN_CLAIM = "unknown_claim"
KEY_FETCH = "key_fetch"
# What an absent provider is written as, since a line is split at blanks.
NONE = "-"
logger = logging.getLogger(__name__)


class Noted:
    """One thing under way; a refusal writes its own outcome."""

    def __init__(self) -> None:
        self.provider = ""
        self.outcome = "done"


_current: ContextVar[Noted | None] = ContextVar("noted", default=None)


@contextmanager
def noting(what: str) -> Iterator[Noted]:
    """Notes how the block ended and how long it took; a refusal by its code."""
    noted, began = Noted(), time.perf_counter()
    before = _current.set(noted)
    try:
        yield noted
    except Refusal as refusal:
        noted.outcome = refusal.code
        raise
    except Exception:
        noted.outcome = "error"
        raise
    finally:
        _current.reset(before)
        _append(what, noted, time.perf_counter() - began)


def of_provider(kind: str) -> None:
    """Of which kind of CI system it is, once somebody has found out."""
    if noted := _current.get():
        noted.provider = kind


def of_stranger(issuer: str) -> None:
    """A token named an issuer that nobody trusts here."""
    quoted = quote(issuer[:LONGEST_ISSUER], safe=":/")
    _write(f"{STRANGER} {NONE} {quoted} 0")


def of_unknown_claim(issuer: int, name: str) -> None:
    """A token of an issuer that is trusted has a claim that its provider does not know."""
    quoted = quote(name, safe="")
    _write(f"{UNKNOWN_CLAIM} {issuer} {quoted} 0")


def _append(what: str, noted: Noted, seconds: float) -> None:
    _write(f"{what} {noted.provider or NONE} {noted.outcome} {seconds:.6f}")


def _write(line: str) -> None:
    """An exchange matters more than its figure: a full disk is logged, and it goes on."""
    try:
        spool_of(settings.NOTES_DIR).append(line)
    except OSError as error:
        logger.warning("%s could not be noted: %s", line.partition(" ")[0], error)
