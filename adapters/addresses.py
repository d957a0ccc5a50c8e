"""Tells addresses of the public internet from those behind our own doors (pure)."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# RFC 6052: an IPv4 address in the last 32 bits, reached through a translator.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address inside it, is one of the public internet.

    Loopback, link-local, private, shared, multicast, reserved and unspecified ones are not.
    """
    ip = _effective(address)
    if isinstance(ip, IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def is_loopback(address: str) -> bool:
    """Whether an IP address leads back to this machine."""
    return _effective(address).is_loopback


def _effective(address: str) -> IPv4Address | IPv6Address:
    """The address that a connection ends at, seen through the known ways of wrapping IPv4."""
    ip = ip_address(address)
    if not isinstance(ip, IPv6Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
