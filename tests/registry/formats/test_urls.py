"""Which addresses a manifest may name, and which are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.urls import InvalidUrl, check_index_url, check_url, is_shown


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "http://example.org:8080/a?b#c", "https://[::1]/", "https://é.org/"],
)
def test_it_takes_web_addresses(url: str) -> None:
    check_url("homepage", url)

    assert is_shown(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.org", "URL for field `homepage` must begin with http:// or https://"),
        ("javascript:alert(1)", "must begin with"),
        ("HTTPS://example.org", "must begin with"),
        ("example.org", "must begin with"),
        ("https://", "is not a valid url for field `homepage`"),
        ("https:///path", "is not a valid url"),
        ("https://[::1", "is not a valid url"),
        ("https://a:b/", "is not a valid url"),
        ("https://example.org/a b", "is not a valid url"),
        ('https://example.org/"><script>', "is not a valid url"),
        ("https://example.org\n", "is not a valid url"),
        ("https://example.org/" + "a" * 2048, "is not a valid url"),
    ],
)
def test_it_refuses_other_addresses(url: str, problem: str) -> None:
    with pytest.raises(InvalidUrl) as refused:
        check_url("homepage", url)

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://esp-rs.org/book", False),
        ("https://Docs.NCollide.org.:443/", False),
        ("https://notrustless.org", True),
        ("https://user@rustless.org", False),
        ("https://example.org/esp-rs.org", True),
        ("not an address", False),
        ("", False),
    ],
)
def test_hosts_that_were_given_up_are_not_shown(url: str, shown: bool) -> None:
    assert is_shown(url) is shown


@pytest.mark.parametrize(
    "url", ["https://github.com/rust-lang/crates.io-index", "sparse+https://x/", "ssh://git@x/y"]
)
def test_it_takes_the_index_of_a_registry(url: str) -> None:
    check_index_url(url)


@pytest.mark.parametrize(
    "url", ["", "crates-io", "https://", "sparse+https://a b/", "//x/y", "file:///x"]
)
def test_it_refuses_what_is_not_an_index(url: str) -> None:
    with pytest.raises(InvalidUrl, match="registry index url"):
        check_index_url(url)


@given(st.text(max_size=40).map("https://".__add__))
def test_any_address_is_taken_or_refused(url: str) -> None:
    try:
        check_url("homepage", url)
    except InvalidUrl:
        return

    assert isinstance(is_shown(url), bool)
