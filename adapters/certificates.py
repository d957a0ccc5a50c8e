"""Until when a server's TLS certificate is valid."""

import socket
import ssl
from datetime import UTC, datetime

_SECONDS = 5.0


def valid_until(host: str, port: int) -> datetime:
    """Raises OSError; ssl's errors, such as a certificate that nobody trusts, are of this kind."""
    with (
        socket.create_connection((host, port), timeout=_SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
