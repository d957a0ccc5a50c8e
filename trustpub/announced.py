"""What an issuer's discovery document says of its tokens; nothing is decided by it (a.6)."""

from collections.abc import Mapping

from trustpub.echo import printable

# The document is somebody else's: what is kept of it has an end.
MOST = 100
LONGEST = 100
NAMES = ("claims_supported", "id_token_signing_alg_values_supported")


def announced_in(discovery: Mapping[str, object]) -> dict[str, list[str]]:
    """Both lists, as far as they are lists of texts."""
    return {name: _texts(discovery.get(name)) for name in NAMES}


def _texts(value: object) -> list[str]:
    texts = value if isinstance(value, list) else []
    return [printable(text, LONGEST) for text in texts[:MOST] if isinstance(text, str)]
