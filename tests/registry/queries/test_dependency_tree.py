import pytest
from pytest_django import DjangoAssertNumQueries

from registry.models import Version
from registry.queries.dependency_tree import Gap, Needed, dependency_tree
from tests.factories.registry import make_crate, make_dependency, make_version

pytestmark = pytest.mark.django_db


def lines(level: list[Needed], depth: int = 0) -> list[str]:
    found = []
    for one in level:
        found.append(f"{'.' * depth}{one.dependency.name} {one.number or one.gap}")
        found += lines(one.needs, depth + 1)
    return found


def test_it_goes_on_with_the_highest_version_that_fits() -> None:
    root = make_version(make_crate("root"))
    middle = make_crate("middle")
    make_version(middle, "1.0.0")
    chosen = make_version(middle, "1.4.0", provenance={})
    make_version(middle, "1.5.0", yanked=True)
    make_version(middle, "2.0.0")
    make_version(make_crate("leaf"), "0.3.0")
    make_dependency(root, "middle", requirement="^1.2")
    make_dependency(chosen, "leaf", requirement="^0.3")

    tree = dependency_tree(root)

    assert lines(tree.normal) == ["middle 1.4.0", ".leaf 0.3.0"]
    assert (tree.distinct, tree.trusted, tree.is_cut) == (2, 1, False)
    assert tree.picture is not None
    assert [box.name for box in tree.picture.boxes] == ["root", "middle", "leaf"]


def test_it_says_why_it_ends() -> None:
    root = make_version(make_crate("root"))
    make_version(make_crate("known"), "1.0.0")
    make_dependency(root, "elsewhere", registry_index="https://index.example/")
    make_dependency(root, "known", requirement="^2")
    make_dependency(root, "odd", requirement="not a requirement")

    tree = dependency_tree(root)

    assert [one.gap for one in tree.normal] == [Gap.ELSEWHERE, Gap.UNKNOWN, Gap.UNKNOWN]


def test_what_is_there_already_is_not_opened_again() -> None:
    root_crate = make_crate("root")
    root = make_version(root_crate)
    other = make_version(make_crate("other"))
    make_dependency(root, "other")
    # In tests a circle is allowed.
    make_dependency(other, "root")

    assert lines(dependency_tree(root).normal) == ["other 1.0.0", ".root 1.0.0"]


def test_development_dependencies_are_named_and_not_followed() -> None:
    root, other = make_version(make_crate("root")), make_version(make_crate("other"))
    make_dependency(root, "other", kind="dev")
    make_dependency(other, "deeper")

    tree = dependency_tree(root)

    assert lines(tree.dev) == ["other 1.0.0"]
    assert (tree.distinct, tree.picture) == (0, None)


def test_a_large_tree_is_cut(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    versions: list[Version] = [make_version(make_crate(f"c{at}")) for at in range(6)]
    for at, version in enumerate(versions[:-1]):
        make_dependency(version, f"c{at + 1}")

    with django_assert_max_num_queries(6):
        tree = dependency_tree(versions[0])

    assert tree.is_cut
    assert tree.distinct == 3
