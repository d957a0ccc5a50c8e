"""What a client can unpack: the header Accept-Encoding (RFC 9110, 12.5.3)."""

import re
from functools import lru_cache

_NAMED = re.compile(
    r"\s*(x-gzip|gzip|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE | re.ASCII
)


# Nearly everybody sends one of a few.
@lru_cache(maxsize=256)
def takes_gzip(header: str) -> bool:
    """Whether gzip is named and not refused; what is not understood asks for nothing."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        if found := _NAMED.fullmatch(part):
            name = found[1].lower().removeprefix("x-")
            weights[name] = float(found[2] or 1)
    return weights.get("gzip", weights.get("*", 0)) > 0
