from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from registry.templatetags.facts import linkable, when


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5, seconds=9), "5\u00a0minutes ago"),
        (timedelta(days=3, hours=2), "3\u00a0days ago"),
    ],
)
def test_it_says_how_long_ago(age: timedelta, expected: str) -> None:
    assert f">{expected}</time>" in when(timezone.now() - age)


def test_it_gives_the_date_of_what_is_long_ago_and_the_exact_time_on_hovering() -> None:
    shown = when(datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))

    assert shown == (
        '<time datetime="2024-05-06T07:08:09Z" title="6 May 2024, 07:08:09 UTC">6 May 2024</time>'
    )


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://a b", "", None, 7],
)
def test_it_links_to_nothing_but_the_web(address: object) -> None:
    assert linkable(address) == ""


def test_filtered_text_is_still_escaped() -> None:
    template = Template("{% load facts %}{{ text|printable }}{{ text|prose }}{{ text|short_hash }}")

    assert "<b>" not in template.render(Context({"text": "<b>"}))
