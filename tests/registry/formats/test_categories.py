"""The list of category slugs."""

from registry.formats.categories import CATEGORY_SLUGS


def test_it_has_the_slugs_of_crates_io() -> None:
    assert len(CATEGORY_SLUGS) == 104
    assert {"accessibility", "no-std::no-alloc", "web-programming::websocket"} <= CATEGORY_SLUGS
