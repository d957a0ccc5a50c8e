"""Which address a request really came from, seen through our own proxies; pure."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def client_address(remote: str, forwarded_for: str, proxies: Sequence[Network]) -> str:
    """The last address on the way that is not a proxy of ours.

    `remote` is the peer of the connection, `forwarded_for` the X-Forwarded-For header. The header
    counts only as far as our proxies wrote it: anything further left is a claim of the client's.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    address = remote
    while hops and _is_ours(address, proxies):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    # PostgreSQL takes no address with the network interface that it was seen on.
    return address.partition("%")[0] if _is_address(address) else ""


def network_of(address: str) -> str:
    """The provider's part of it, about: 16 bits of an IPv4 address, 32 of IPv6; "" for none."""
    if not _is_address(address):
        return ""
    bits = 32 if ":" in address else 16
    return str(ip_network(f"{address}/{bits}", strict=False))


def limited_as(address: str) -> str:
    """What limits count by: an IPv6 address stands for its network of 64 bits.

    Whoever has one of them has all.
    """
    if ":" not in address or not _is_address(address):
        return address
    whole = ip_address(address)
    if isinstance(whole, IPv6Address) and whole.ipv4_mapped:
        return str(whole.ipv4_mapped)
    return str(ip_network((address.partition("%")[0], 64), strict=False))


def _is_ours(address: str, proxies: Sequence[Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in proxies)


# Every request asks, mostly about the proxy.
@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
