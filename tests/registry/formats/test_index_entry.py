"""The line that cargo reads of a version."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from registry.formats.dependencies import Dependency, DependencyKind
from registry.formats.index_entry import IndexEntry, index_line, with_yanked

PUBLISHED = datetime(2026, 1, 2, 4, 4, 5, 678901, tzinfo=timezone(timedelta(hours=1)))
RAND = Dependency(
    name="rand",
    alias=None,
    requirement="^0.8",
    kind=DependencyKind.NORMAL,
    target=None,
    optional=False,
    default_features=True,
    features=(),
    registry_index=None,
)
ENTRY = IndexEntry(
    name="foo",
    vers="0.1.0",
    deps=(RAND,),
    cksum="e3b0",
    features={},
    yanked=False,
    links=None,
    rust_version="1.70",
    pubtime=PUBLISHED,
)


def test_it_writes_the_fields_in_their_order() -> None:
    assert index_line(ENTRY) == (
        '{"name":"foo","vers":"0.1.0","deps":[{"name":"rand","req":"^0.8","features":[],'
        '"optional":false,"default_features":true,"target":null,"kind":"normal"}],"cksum":"e3b0",'
        '"features":{},"yanked":false,"rust_version":"1.70","pubtime":"2026-01-02T03:04:05Z"}'
    )


def test_new_feature_syntax_moves_to_features2_with_all_that_needs_it() -> None:
    features = {
        "std": ["rand/std"],
        "default": ["all"],
        "all": ["weak"],
        "weak": ["rand?/std"],
        "dice": ["dep:rand"],
    }

    line = json.loads(index_line(replace(ENTRY, features=features, links="z")))

    assert list(line) == [
        *("name", "vers", "deps", "cksum", "features", "features2", "yanked", "links"),
        *("rust_version", "pubtime", "v"),
    ]
    assert line["features"] == {"std": ["rand/std"]}
    assert list(line["features2"]) == ["all", "default", "dice", "weak"]
    assert line["v"] == 2


def test_a_rename_is_written_the_other_way_round() -> None:
    renamed = replace(RAND, alias="dice", registry_index="https://elsewhere.example/index")

    line = json.loads(index_line(replace(ENTRY, deps=[renamed])))

    assert list(line["deps"][0])[-2:] == ["registry", "package"]
    assert (line["deps"][0]["name"], line["deps"][0]["package"]) == ("dice", "rand")
    assert line["deps"][0]["registry"] == "https://elsewhere.example/index"


def test_dependencies_are_sorted_by_name_kind_and_the_rest() -> None:
    deps = [
        replace(RAND, kind=DependencyKind.DEV),
        replace(RAND, target="cfg(unix)"),
        replace(RAND, kind=DependencyKind.BUILD),
        RAND,
        replace(RAND, alias="a"),
    ]

    lines = {index_line(replace(ENTRY, deps=order)) for order in (deps, deps[::-1])}

    assert len(lines) == 1
    written = json.loads(lines.pop())["deps"]
    assert [(d["name"], d["kind"], d["target"]) for d in written] == [
        ("a", "normal", None),
        ("rand", "normal", None),
        ("rand", "normal", "cfg(unix)"),
        ("rand", "build", None),
        ("rand", "dev", None),
    ]


def test_yanking_changes_one_word() -> None:
    features = {"größe": ["dep:rand"]}
    line = index_line(replace(ENTRY, features=features, pubtime=datetime(2026, 1, 1, tzinfo=UTC)))

    yanked = with_yanked(line, yanked=True)

    assert yanked == line.replace('"yanked":false', '"yanked":true')
    assert with_yanked(yanked, yanked=False) == line
