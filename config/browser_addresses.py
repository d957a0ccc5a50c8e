"""What browsers make of an address: where a page comes from, and which passkeys belong to it."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

SITE = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
USUAL_PORTS = {"http": 80, "https": 443}


def origin(address: str) -> str:
    """Scheme, host and port, spelled as a browser does."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    port = "" if parts.port in {None, USUAL_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def passkey_host(address: str) -> str | None:
    """For which host browsers keep passkeys; None where they would refuse to.

    They want TLS, or `localhost`, and a name in place of a network address.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host if parts.scheme == "https" or host == "localhost" else None
    return None


def is_site(text: str) -> bool:
    """Whether it is an origin, and nothing in it could end an entry of a content policy."""
    return SITE.fullmatch(text) is not None and origin(text) == text
