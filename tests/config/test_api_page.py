"""The page of the web API says all that the document says, and loads nothing from elsewhere."""

import re

import pytest
from django.conf import LazySettings
from django.test import Client

from tests import contract

pytestmark = pytest.mark.django_db


def pages(client: Client) -> dict[str, str]:
    """Every page that can be reached from the first one, by its address."""
    found: dict[str, str] = {}
    ahead = ["/docs/api"]
    while ahead:
        address = ahead.pop()
        if address not in found:
            answer = client.get(address)
            assert answer.status_code == 200, address
            found[address] = answer.content.decode()
            ahead += re.findall(r'href="(/docs/api/[^"#]+)', found[address])
    return found


def test_the_pages_show_every_operation_and_every_object(client: Client) -> None:
    shown = pages(client)

    html = "".join(shown.values())
    for path, operations in contract.document()["paths"].items():
        for method, operation in operations.items():
            assert f'id="{operation["operationId"]}"' in html
            assert f"<code>{method.upper()} {path}</code>" in html
    for name in contract.document()["components"]["schemas"]:
        assert f"/docs/api/objects/{name}" in shown
    for address, anchor in re.findall(r'href="(/docs/api/[^"#]+)#([^"]+)"', shown["/docs/api"]):
        assert f'id="{anchor}"' in shown[address]
    assert {address: len(page) for address, page in shown.items() if len(page) > 60_000} == {}


def test_the_page_needs_no_script_and_no_other_host(client: Client) -> None:
    answer = client.get("/docs/api")

    html = answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", html) == []
    assert re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', html) == []


def test_a_page_of_a_private_registry_asks_for_a_login(
    client: Client, settings: LazySettings
) -> None:
    settings.AUTH_REQUIRED = True

    assert client.get("/docs/api").status_code == 302
    assert client.get("/api/openapi.json").status_code == 401


def test_the_document_is_plain_json_for_whatever_is_accepted(client: Client) -> None:
    answer = client.get("/api/openapi.json", headers={"Accept": "text/html"})

    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    assert client.head("/api/openapi.json").content == b""
