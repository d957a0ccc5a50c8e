"""What an operator can set of trusted publishing: variable -> default, lowest, highest."""

from collections.abc import Mapping

_MOST = 1_000_000

# Exchanges and look-ups a minute, registrations a day (trusted-publishing reference, g.4), and
# how long things live (d.4).
TRUSTPUB_NUMBERS: Mapping[str, tuple[int, int, int]] = {
    "EXCHANGES_PER_ADDRESS": (60, 1, _MOST),
    "EXCHANGES_PER_ISSUER": (3000, 1, _MOST),
    "EXCHANGES_PER_REPOSITORY": (30, 1, _MOST),
    "FAILED_EXCHANGES_PER_REPOSITORY": (10, 1, _MOST),
    "REGISTRATIONS_PER_DAY": (100, 1, _MOST),
    "FORGE_LOOKUPS_PER_MINUTE": (30, 1, _MOST),
    "PENDING_PUBLISHERS_PER_USER": (20, 1, _MOST),
    "PENDING_PUBLISHERS_PER_ORGANIZATION": (200, 1, _MOST),
    "PUBLISH_TOKEN_MINUTES": (15, 5, 60),
    "KEEP_REFUSED_EXCHANGES_DAYS": (30, 1, _MOST),
    "KEEP_EXPIRED_TOKENS_DAYS": (30, 1, _MOST),
    "KEEP_ADDRESSES_DAYS": (90, 1, _MOST),
}
