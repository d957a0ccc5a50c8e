from ipaddress import ip_network

import pytest

from accounts.client_address import client_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("remote", "forwarded_for", "expected"),
    [
        pytest.param("192.0.2.7", "", "192.0.2.7", id="no proxy"),
        pytest.param("192.0.2.7", "198.51.100.1", "192.0.2.7", id="a stranger's header"),
        pytest.param("10.1.1.1", "198.51.100.1", "198.51.100.1", id="one proxy"),
        pytest.param("10.1.1.1", "6.6.6.6, 198.51.100.1", "198.51.100.1", id="spoofed left part"),
        pytest.param("10.1.1.1", "198.51.100.1, 10.2.2.2", "198.51.100.1", id="two proxies"),
        pytest.param("::1", "2001:db8::5", "2001:db8::5", id="version 6"),
        pytest.param("fe80::7%eth0", "", "fe80::7", id="a neighbour on the same line"),
        pytest.param("10.1.1.1", "nonsense", "10.1.1.1", id="no address in the header"),
        pytest.param("10.1.1.1", "", "10.1.1.1", id="a proxy that says nothing"),
        pytest.param("", "198.51.100.1", "", id="no peer"),
    ],
)
def test_it_believes_only_what_our_proxies_say(
    remote: str, forwarded_for: str, expected: str
) -> None:
    assert client_address(remote, forwarded_for, PROXIES) == expected
