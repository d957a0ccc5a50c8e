import pytest

from accounts.errors import NotFound
from registry.queries.lookup import crate_named, version_numbered
from tests.factories.registry import make_crate, make_version

pytestmark = [pytest.mark.django_db, pytest.mark.queries]


@pytest.mark.parametrize("name", ["Hello-World", "hello_world", "HELLO-WORLD"])
def test_it_finds_a_crate_in_any_spelling(name: str) -> None:
    crate = make_crate("hello-world")

    assert crate_named(name) == crate


@pytest.mark.parametrize("name", ["other", "", "a\0b", "a b", "é", "x" * 100_000])
def test_it_says_which_crate_does_not_exist(name: str) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        crate_named(name)


@pytest.mark.parametrize("num", ["2.0.0", "1.0", "1.0.0\0", "9" * 100_000])
def test_it_says_which_version_does_not_exist(num: str) -> None:
    crate = make_crate()
    make_version(crate, "1.0.0")

    with pytest.raises(NotFound, match="does not have a version"):
        version_numbered(crate, num)
