"""Every address of the site that somebody may read, filled in for one crate, and what it says."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from registry.formats.names import index_path

# Doors of the staff and of the sign-in, and figures that differ from one second to the next.
LEFT_OUT = ("admin", "accounts", "metrics", "readyz", "healthz", "dev-login", "styleguide", "docs")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()\[\]]|\[[^\]]*\])*\)")
CHANGING = re.compile(
    rb'csrfmiddlewaretoken" value="\w+"|data-question="[^"]*"'
    rb'|"request_id":"\w+"|<code>[0-9a-f]{16}</code>'
    # "0 minutes ago", of what a test did a minute before.
    rb"|(?<=>)[^<]* ago(?=</time>)"
)


def values_for(name: str, num: str, **more: str) -> dict[str, str]:
    return {
        "name": name,
        "num": num,
        "path": index_path(name),
        "file": f"{name}-{num}",
        "section": "crates-1",
        **more,
    }


def addresses(values: Mapping[str, str]) -> Iterator[str]:
    """What has no value is `1`, which suits numbers and is no name of anything."""
    for route in _routes(get_resolver().url_patterns):
        path = PARAMETER.sub(lambda found: values.get(found[1], "1"), route)
        path = GROUP.sub(lambda found: values.get(found[1], "1"), path)
        if not path.startswith(LEFT_OUT):
            yield "/" + path.replace("\\", "").replace("^", "").replace("$", "")


def said(client: Client, path: str) -> tuple[int, str, bytes]:
    """Status, where it leads, and the body without what differs each time."""
    answer: Any = client.get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    # The answer's own `close` would take the database's connection along.
    if file := getattr(answer, "file_to_stream", None):
        file.close()
    return answer.status_code, answer.get("Location", ""), CHANGING.sub(b"", body)


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for entry in patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route
