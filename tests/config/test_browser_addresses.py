import pytest

from config.browser_addresses import origin, passkey_host


@pytest.mark.parametrize(
    ("address", "as_origin", "host"),
    [
        ("https://reg.example", "https://reg.example", "reg.example"),
        ("https://Reg.Example:443/cargo", "https://reg.example", "reg.example"),
        ("https://reg.example:8443", "https://reg.example:8443", "reg.example"),
        ("https://waybill", "https://waybill", "waybill"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
        ("http://reg.example:80", "http://reg.example", None),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", None),
        ("https://192.0.2.1", "https://192.0.2.1", None),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", None),
    ],
)
def test_an_address_as_browsers_see_it(address: str, as_origin: str, host: str | None) -> None:
    assert (origin(address), passkey_host(address)) == (as_origin, host)
