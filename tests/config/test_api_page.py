"""The page of the web API says all that the document says, and loads nothing from elsewhere."""

import re

import pytest
from django.conf import LazySettings
from django.test import Client

from tests import contract

pytestmark = pytest.mark.django_db


def test_the_page_shows_every_operation_and_every_object(client: Client) -> None:
    html = client.get("/docs/api").content.decode()

    for path, operations in contract.document()["paths"].items():
        for method, operation in operations.items():
            assert f'id="{operation["operationId"]}"' in html
            assert f"<code>{method.upper()} {path}</code>" in html
    for name in contract.document()["components"]["schemas"]:
        assert f'id="object-{name}"' in html


def test_every_link_on_the_page_leads_somewhere(client: Client) -> None:
    html = client.get("/docs/api").content.decode()

    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets - set(re.findall(r'id="([^"]+)"', html)) == set()


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
