"""Which names are taken for another."""

import pytest

from registry.formats.lookalike import NONE, likeness, most_alike


@pytest.mark.parametrize(
    ("name", "other", "score"),
    [
        ("serdejson", "serde_json", 95),
        ("serde-js-on", "serde_json", 95),
        ("json-serde", "serde-json", 95),
        ("t0ki0", "tokio", 95),
        ("sernver", "semver", 95),
        ("rnio", "mio", 95),
        ("toikio", "tokio", 90),
        ("tokoi", "tokio", 90),
        ("reqest", "reqwest", 90),
        ("regqwest", "reqwest", 90),
        ("num-cqus", "num_cpus", 90),
        ("tracing-subscribr", "tracing-subscriber", 90),
        ("tracing-subcribr", "tracing-subscriber", 75),
        ("serde2", "serde", 70),
        ("rand-8", "rand", 70),
        ("serde-rs", "serde", 60),
        ("librustls", "rustls", 60),
        ("cargo-tokio", "tokio", 60),
        ("log", "mio", 0),
        ("ran", "rand", 0),
        ("serde_yaml", "serde_json", 0),
        ("Serde-Json", "serde_json", 0),
        ("reef", "tide", 0),
    ],
)
def test_a_name_is_as_alike_as_people_would_take_it(name: str, other: str, score: int) -> None:
    found = likeness(name, other)

    assert found.score == score, found
    assert bool(found.why) is (score > 0)


def test_the_strongest_likeness_counts_and_of_equal_ones_the_better_known() -> None:
    assert most_alike("tokoi", ["serde", "tokio-rs", "tokio", "toko"]).other == "tokio"
    assert most_alike("reef", ["serde", "tokio"]) == NONE
    assert most_alike("reef", []) == NONE
