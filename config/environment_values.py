"""How the value of an environment variable is read and refused, whatever it is for."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class InvalidEnvironment(SystemExit):
    """A variable has a value that Waybill cannot work with; stops the start with one line."""

    def __init__(self, name: str, problem: str, example: str) -> None:
        super().__init__(f"{name}: {problem}; for example {name}={example}")


def flag(env: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = env.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"0", "false", "no", "off"}:
        return False
    if value in {"1", "true", "yes", "on"}:
        return True
    raise InvalidEnvironment(name, f"{value!r} is neither 0 nor 1", "1")


def whole_number(
    env: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int
) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
    if not (is_number and lowest <= int(text) <= highest):
        raise InvalidEnvironment(
            name, f"{text[:40]!r} is not a whole number from {lowest} to {highest}", str(default)
        )
    return int(text)


def split(name: str, value: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        # Read here, because it fails only when it is asked for.
        well_formed = parts.port != 0 and " " not in parts.netloc and value.isprintable()
    except ValueError:
        well_formed = False
    if not well_formed:
        # Not repeated: it may hold a password.
        raise InvalidEnvironment(name, "it is not a well-formed address", example)
    return parts


def http_url(env: Mapping[str, str], name: str, default: str) -> str:
    value = (env.get(name) or default).rstrip("/")
    parts = split(name, value, default)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidEnvironment(name, f"{value!r} is not an http(s) address", default)
    if parts.query or parts.fragment or parts.username:
        raise InvalidEnvironment(name, "it may hold scheme, host, port and path only", default)
    return value


def optional_url(
    env: Mapping[str, str], name: str, schemes: tuple[str, ...], example: str
) -> str | None:
    value = env.get(name)
    if not value:
        return None
    parts = split(name, value, example)
    if parts.scheme not in schemes or not parts.hostname:
        raise InvalidEnvironment(name, f"it is not a {' or '.join(schemes)} address", example)
    return value


def contact(env: Mapping[str, str], name: str) -> str:
    """One e-mail address or https address that people can write to; "" where it is unset."""
    example = "security@example.com"
    value = (env.get(name) or "").strip()
    if not value or _EMAIL.fullmatch(value):
        return value
    parts = split(name, value, example)
    if parts.scheme != "https" or not parts.hostname or parts.username or len(value) > 255:
        raise InvalidEnvironment(
            name, "it is neither one e-mail address nor an https address", example
        )
    return value


def networks(env: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = []
    for text in (env.get(name) or "").split():
        try:
            networks.append(ip_network(text))
        except ValueError:
            raise InvalidEnvironment(
                name, f"{text!r} is neither an address nor a network", '"127.0.0.1 10.0.0.0/8"'
            ) from None
    return tuple(networks)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
