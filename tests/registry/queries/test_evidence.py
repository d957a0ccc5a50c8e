"""Levels of evidence by version and by release line, from one query and into one file."""

import gzip
import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from registry.models import Attested, Crate, PublishKind
from registry.operations.evidence import write_file
from registry.queries.evidence import evidence_of
from tests.factories.registry import make_crate, make_version
from tests.wire import refusal, send

pytestmark = pytest.mark.django_db
FILE = "/api/v1/evidence.jsonl.gz"


@pytest.fixture
def tide() -> Crate:
    """Trusted from 0.2.0, by hand in a back-port and in 1.1.0, from elsewhere in 1.2.0."""
    crate = make_crate("tide")
    make_version(crate, "0.1.0")
    make_version(crate, "0.2.0", kind=PublishKind.TRUSTED)
    make_version(crate, "1.0.0", provenance={"attested": Attested.VERIFIED})
    make_version(crate, "0.1.1")
    make_version(crate, "1.1.0")
    make_version(crate, "1.2.0", provenance={"repository_id": "75", "attested": Attested.FAILED})
    return crate


def test_a_line_says_since_when_and_where_it_was_lost(
    tide: Crate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        found = evidence_of(tide).as_dict()

    assert found["versions"] == {
        "0.1.0": "none",
        "0.2.0": "trusted_publishing",
        "1.0.0": "trusted_publishing_attested",
        "0.1.1": "none",
        "1.1.0": "none",
        "1.2.0": "trusted_publishing",
    }
    assert found["line"] == {
        "latest": "1.2.0",
        "evidence": "trusted_publishing",
        "trusted_since": "1.2.0",
        "lost_in": ["0.1.1"],
        "source_changed_in": ["1.2.0"],
    }
    assert found["release_lines"] == {
        "0.1": line("0.1.1", "none", None),
        "0.2": line("0.2.0", "trusted_publishing", "0.2.0"),
        "1": line("1.2.0", "trusted_publishing", "1.2.0")
        | {"lost_in": ["1.1.0"], "source_changed_in": ["1.2.0"]},
    }


def test_an_import_breaks_no_line() -> None:
    crate = make_crate("shore")
    make_version(crate, "1.0.0", kind=PublishKind.TRUSTED)
    make_version(crate, "1.0.1", kind=PublishKind.IMPORTED)

    whole = evidence_of(crate).whole

    assert (whole.trusted_since, whole.lost_in) == ("1.0.0", [])


def test_the_file_has_every_crate_that_is_seen(tide: Crate) -> None:
    refusal(send("GET", FILE), 404)
    make_version(make_crate("shore"), "1.0.0")
    hidden = make_crate("hidden")
    make_version(hidden, "1.0.0")
    Crate.objects.filter(pk=hidden.pk).update(hidden_at=hidden.created_at)

    assert write_file() == 2

    answer = send("GET", FILE)
    lines = [json.loads(text) for text in gzip.decompress(answer.getvalue()).splitlines()]
    one = send("GET", "/api/v1/crates/tide/evidence").json()["evidence"]
    assert lines == [one, evidence_of(Crate.objects.get(name="shore")).as_dict()]
    headers = {"If-Modified-Since": answer["Last-Modified"]}
    assert Client().get(FILE, headers=headers).status_code == 304
    assert write_file() == 2


def test_the_page_of_versions_says_it_in_words(tide: Crate) -> None:
    page = Client().get("/crates/tide/versions").content.decode()

    assert "came from trusted publishing" in page
    assert "Published otherwise, after a version that did:" in page
    assert "From another repository than before:" in page


def line(latest: str, evidence: str, since: str | None) -> dict[str, object]:
    return {
        "latest": latest,
        "evidence": evidence,
        "trusted_since": since,
        "lost_in": [],
        "source_changed_in": [],
    }
