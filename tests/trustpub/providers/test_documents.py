"""The pages for people say what the adapters do: the same file, fields and options."""

from pathlib import Path

import pytest

from tests.factories.id_tokens import contract_of
from trustpub.providers import PROVIDERS, provider_for

DOCS = Path(__file__).parents[3] / "docs"
REGISTRY = {"registry_url": "https://crates.example.com", "audience": "crates.example.com"}
EACH = pytest.mark.parametrize("kind", PROVIDERS)


def example(kind: str) -> str:
    provider = provider_for(kind).configured(contract_of(kind)["options"])
    fields = provider.normalise(contract_of(kind)["fields"])
    return provider.example_workflow("tidepool", fields, **REGISTRY).rstrip()


@EACH
def test_the_page_has_the_very_file_that_the_registry_proposes(kind: str) -> None:
    page = (DOCS / "providers" / f"{kind}.md").read_text()

    assert f"\n{example(kind)}\n```" in page


@EACH
def test_the_page_names_every_field_and_option(kind: str) -> None:
    page = (DOCS / "providers" / f"{kind}.md").read_text()
    provider = provider_for(kind).configured(contract_of(kind)["options"])

    for rule in provider.fields:
        assert f"| {rule.label} | `{rule.name}` |" in page
    for option in provider.all_options():
        assert f"| `{option.name}` |" in page
        assert option.help in page


def test_there_is_a_page_for_each_provider_and_no_other() -> None:
    pages = {path.stem for path in (DOCS / "providers").glob("*.md")}
    guide = (DOCS / "trusted-publishing.md").read_text()

    assert pages == set(PROVIDERS)
    assert all(f"(providers/{kind}.md)" in guide for kind in PROVIDERS)


def test_the_guide_has_the_file_that_the_registry_proposes() -> None:
    assert f"\n{example('github')}\n```" in (DOCS / "trusted-publishing.md").read_text()
