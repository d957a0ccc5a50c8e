import json
from typing import Any

import pytest

from registry.formats.foreign_index import (
    InvalidIndex,
    download_url,
    read_config,
    read_versions,
)

SHA = "a" * 64


def line(**changed: Any) -> bytes:
    return json.dumps(
        {"name": "Tide", "vers": "1.0.0", "cksum": SHA, "deps": [], **changed}
    ).encode()


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://a.example/crates", "https://a.example/crates/Tide/1.0.0/download"),
        ("https://a.example/{prefix}/{crate}", "https://a.example/Ti/de/Tide"),
        ("https://a.example/{lowerprefix}/{version}", "https://a.example/ti/de/1.0.0"),
        ("https://a.example/{sha256-checksum}", f"https://a.example/{SHA}"),
    ],
)
def test_archives_are_where_cargo_looks_for_them(template: str, url: str) -> None:
    [version] = read_versions(line(), "tide")

    assert download_url(template, version) == url


@pytest.mark.parametrize(
    "content",
    [
        b"no json",
        b"[]",
        line(name="other"),
        line(name="../../etc"),
        line(vers="../1"),
        line(cksum="short"),
        line(deps=[1]),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidIndex, match="tide, line 2"):
        list(read_versions(b"\n" + content, "tide"))


def test_a_dependency_is_sent_by_its_real_name() -> None:
    deps = [{"name": "wave", "package": "wave2", "req": "^1"}, {"name": "x", "registry": "r"}]

    [version] = read_versions(line(deps=deps), "tide")

    assert version.needs == {"wave2"}
    sent = version.metadata("sparse+https://a.example/")["deps"]
    assert [(dep["name"], dep["explicit_name_in_toml"]) for dep in sent] == [
        ("wave2", "wave"),
        ("x", None),
    ]


def test_a_private_registry_says_so() -> None:
    assert read_config(b'{"dl": "https://a.example"}') == ("https://a.example", False)
    private = b'{"dl": "https://a.example", "auth-required": true}'
    assert read_config(private) == ("https://a.example", True)


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'{"dl": 1}', b'{"dl": "file:///"}'])
def test_a_config_without_an_address_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidIndex):
        read_config(content)
