"""Keywords and categories that many crates take up and leave at the same moment."""

from typing import Any

import pytest

from registry.models import Category, Keyword
from tests.races.together import at_once
from tests.wire import publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KEYWORDS = ["sea", "land", "air"]


def manifest(name: str, version: str, keywords: list[str], categories: list[str]) -> str:
    return f"""
[package]
name = "{name}"
version = "{version}"
description = "A demo"
license = "MIT"
keywords = {keywords}
categories = {categories}
"""


def test_counts_stay_exact(alice_token: str) -> None:
    def work(number: int) -> Any:
        # Each in another order, and every second one leaves what it had.
        words = KEYWORDS[number % 3 :] + KEYWORDS[: number % 3]
        name = f"crate-{number}"
        answers = []
        for version, keywords in (("0.1.0", words), ("0.2.0", words[: number % 2])):
            toml = manifest(name, version, keywords, ["science", "games"][: len(keywords)])
            answers.append(publish(alice_token, name, version, manifest=toml))
        return answers

    answers = at_once(8, work)

    assert {answer.status_code for pair in answers for answer in pair} == {200}
    for row in [*Keyword.objects.all(), *Category.objects.all()]:
        assert row.crates_cnt == row.crates.count(), row
    assert sum(Keyword.objects.values_list("crates_cnt", flat=True)) == 4
    assert Category.objects.get(slug="science").crates_cnt == 4
