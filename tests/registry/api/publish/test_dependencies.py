import json

import pytest
from django.conf import LazySettings

from accounts.models import User
from registry.models import Dependency, Version
from tests.factories.archives import build_crate, build_frame, manifest_for, metadata_for
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, put_frame, refusal

CRATES_IO = "https://github.com/rust-lang/crates.io-index"


def needing(table: str) -> str:
    return manifest_for(extra=table)


def test_what_is_needed_must_be_here(alice_token: str) -> None:
    with nothing_happens():
        error = refusal(
            publish(alice_token, manifest=needing('[dependencies]\nnothing = "1"\n')), 400
        )

    assert error["detail"] == "no known crate named `nothing`"


@pytest.mark.parametrize(
    "table",
    [
        '[dev-dependencies]\nnothing = "1"\n',
        '[build-dependencies]\nnothing = "1"\n',
        "[target.'cfg(unix)'.dependencies]\nnothing = \"1\"\n",
        '[dependencies]\nfoo = { version = "1", package = "nothing" }\n',
    ],
)
def test_every_kind_of_dependency_must_be_here(alice: User, alice_token: str, table: str) -> None:
    make_crate("foo", owner=alice)

    with nothing_happens():
        error = refusal(publish(alice_token, manifest=needing(table)), 400)

    assert "`nothing`" in error["detail"]


def test_the_spelling_of_a_dependency_counts(alice: User, alice_token: str) -> None:
    make_crate("foo-bar", owner=alice)

    with nothing_happens():
        refusal(publish(alice_token, manifest=needing('[dependencies]\nfoo_bar = "1"\n')), 400)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[dependencies]\nfoo = "*"\n', "wildcard"),
        ('[dependencies]\nfoo = { path = "../foo" }\n', "wildcard"),
        ('[dependencies]\nfoo = "not a version"\n', "requirement"),
        ("[dependencies]\nfoo = 7\n", "foo"),
        ('[dependencies]\n"f o" = "1"\n', "invalid character ` `"),
        ('[dependencies]\nfoo = { version = "1", features = ["a b"] }\n', "feature"),
        ("[target.'cfg(('.dependencies]\nfoo = \"1\"\n", "target"),
        ("dependencies = 7\n", "dependencies"),
    ],
)
def test_a_malformed_dependency_is_refused(
    alice: User, alice_token: str, table: str, said: str
) -> None:
    make_crate("foo", owner=alice)

    with nothing_happens():
        error = refusal(publish(alice_token, manifest=_top(table)), 400)

    assert said in error["detail"]


def test_a_crate_may_need_itself_while_developing(alice_token: str) -> None:
    text = needing('[dev-dependencies]\ndemo-crate = "0.1"\n')

    assert publish(alice_token, manifest=text).status_code == 200


def test_a_renamed_dependency_is_stored_under_its_real_name(alice: User, alice_token: str) -> None:
    make_crate("foo", owner=alice)

    publish(
        alice_token,
        manifest=needing('[dependencies]\nbar = { version = "1.0", package = "foo" }\n'),
    )

    stored = Dependency.objects.get()
    assert (stored.name, stored.alias, stored.requirement) == ("foo", "bar", "^1.0")
    [line] = json.loads(Version.objects.get().index_line)["deps"]
    assert (line["name"], line["package"]) == ("bar", "foo")


@pytest.mark.parametrize("index", ["sparse+https://evil.example/index/", "https://evil.example"])
def test_a_dependency_of_a_registry_that_is_not_allowed_is_refused(
    alice_token: str, index: str
) -> None:
    text = needing(f'[dependencies]\nfoo = {{ version = "1", registry-index = "{index}" }}\n')
    dependency = {"name": "foo", "version_req": "^1", "registry": index, "kind": "normal"}
    sent = metadata_for(deps=[dependency])

    with nothing_happens():
        error = refusal(put_frame(alice_token, build_frame(sent, build_crate(manifest=text))), 400)

    assert "FOREIGN_REGISTRIES" in error["detail"]


def test_a_dependency_of_an_allowed_registry_need_not_be_here(
    alice_token: str, settings: LazySettings
) -> None:
    settings.FOREIGN_REGISTRIES = (CRATES_IO,)
    text = needing(f'[dependencies]\nserde = {{ version = "1", registry-index = "{CRATES_IO}" }}\n')
    dependency = {"name": "serde", "version_req": "^1", "registry": CRATES_IO, "kind": "normal"}

    answer = put_frame(
        alice_token,
        build_frame(metadata_for(deps=[dependency]), build_crate(manifest=text)),
    )

    assert answer.status_code == 200
    [line] = json.loads(Version.objects.get().index_line)["deps"]
    assert line["registry"] == CRATES_IO


def _top(table: str) -> str:
    """`table` before `[package]` where it is a key and no table."""
    return needing(table) if table.startswith("[") else table + manifest_for()
