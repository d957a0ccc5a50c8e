import pytest

from registry.formats.repository_links import Agreement
from registry.models import PublishKind
from registry.queries.version_page import version_page
from tests.factories.registry import SHA, make_crate, make_dependency, make_version

pytestmark = pytest.mark.django_db


def test_it_compares_what_the_archive_says_with_what_was_verified() -> None:
    version = make_version(
        make_crate(),
        provenance={},
        vcs_info={"git": {"sha1": SHA}, "path_in_vcs": "crates/hello"},
        repository="https://github.com/octo/hello/tree/main/crates/hello",
    )

    claims = version_page(version).claims

    assert (claims.commit, claims.repository) == (Agreement.SAME, Agreement.SAME)


def test_it_notices_another_commit_and_another_repository() -> None:
    version = make_version(
        make_crate(),
        provenance={},
        vcs_info={"git": {"sha1": "a" * 40}},
        repository="https://github.com/evil/hello",
    )

    claims = version_page(version).claims

    assert (claims.commit, claims.repository) == (Agreement.DIFFERENT, Agreement.DIFFERENT)


@pytest.mark.parametrize("kind", [PublishKind.TOKEN, PublishKind.IMPORTED, None])
def test_without_a_signed_identity_there_is_nothing_to_compare(kind: PublishKind | None) -> None:
    version = make_version(
        make_crate(),
        kind=kind,
        vcs_info={"git": {"sha1": SHA}},
        repository="https://github.com/octo/hello",
    )

    page = version_page(version)

    assert not page.is_trusted
    assert page.claims.commit is page.claims.repository is Agreement.UNKNOWN


def test_it_shows_only_facts_that_cannot_name_a_person() -> None:
    workload = {"repository_id": "74", "actor": "mona", "user_login": "mona", "ref_protected": True}
    version = make_version(make_crate(), provenance={"workload": workload})

    assert version_page(version).facts == [("Repository ID", "74"), ("Ref protected", "yes")]


def test_it_groups_dependencies_by_kind() -> None:
    version = make_version(make_crate())
    for name, kind in (("b", "normal"), ("c", "dev"), ("a", "normal")):
        make_dependency(version, name, kind=kind)

    groups = version_page(version).groups

    assert [(g.title, [d.name for d in g.dependencies]) for g in groups] == [
        ("Normal", ["a", "b"]),
        ("Development", ["c"]),
    ]
