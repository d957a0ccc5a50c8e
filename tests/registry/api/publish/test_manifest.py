from registry.models import Version
from tests.cases import in_turn
from tests.factories.archives import build_crate, manifest_for
from tests.wire import nothing_happens, publish, refusal

BARE = '[package]\nname = "demo-crate"\nversion = "0.1.0"\n'


def manifest(extra: str) -> str:
    return manifest_for(extra=extra)


@in_turn(
    ("text", "said"),
    [
        ("", "Cargo.toml"),
        ("[package", "Cargo.toml"),
        ("[dependencies]\n", "Cargo.toml"),
        ("package = 7\n", "Cargo.toml"),
        ('[package]\nname = "demo-crate"\n', "version"),
        ('[package]\nversion = "0.1.0"\n', "name"),
        ('[package]\nname = 7\nversion = "0.1.0"\n', "name"),
        (BARE, "missing or empty metadata fields: description, license"),
        (BARE + 'description = ""\nlicense = "MIT"\n', "description"),
        (BARE + 'description = "d"\n', "license"),
        (BARE + 'description = "d"\nlicense = "Apache 2.0"\n', "license"),
        (BARE + 'description = "d"\nlicense = "Nonesuch"\n', "license"),
        (manifest('homepage = "example.org"\n'), "http"),
        (manifest('homepage = "javascript:alert(1)"\n'), "http"),
        (manifest('repository = "https://"\n'), "url"),
        (manifest("documentation = 7\n"), "documentation"),
        (manifest('rust-version = "new"\n'), "rust-version"),
        (manifest('keywords = ["a", "b", "c", "d", "e", "f"]\n'), "at most 5 keywords"),
        (manifest('keywords = ["no blanks please"]\n'), "invalid keyword"),
        (manifest(f'keywords = ["{"k" * 21}"]\n'), "invalid keyword"),
        (manifest('keywords = "one"\n'), "keywords"),
        (manifest('categories = ["a", "b", "c", "d", "e", "f"]\n'), "at most 5 categories"),
        (manifest('categories = ["nonsense"]\n'), "nonsense"),
        (manifest('categories = ["Algorithms"]\n'), "Algorithms"),
        (manifest('[features]\n"a b" = []\n'), "feature"),
        (manifest('[features]\na = ["b c"]\n'), "feature"),
        (manifest("[features]\na = 7\n"), "feature"),
        (manifest('[patch.crates-io]\nx = { path = "x" }\n'), "patch"),
        (manifest("[workspace]\nversion.workspace = true\n"), None),
        (manifest("readme.workspace = true\n"), "workspace"),
        (manifest('links = "z\\u0000"\n'), "NUL"),
        (manifest('homepage = "http://a\\u0000"\n'), "NUL"),
        (manifest("\na" + ".b" * 200_000 + " = 1\n"), "parts"),
        (manifest("\nx = " + "[" * 50_000 + "\n"), "Cargo.toml"),
    ],
)
def test_a_bad_manifest_is_refused_by_name_of_its_problem(
    alice_token: str, text: str, said: str | None
) -> None:
    if said is None:
        assert publish(alice_token, manifest=text).status_code in (200, 400)
        return
    with nothing_happens():
        error = refusal(publish(alice_token, manifest=text), 400)

    assert said in error["detail"]
    assert len(error["detail"]) < 1000


def test_a_description_has_a_limit(alice_token: str) -> None:
    text = BARE + f'description = "{"d" * 1001}"\nlicense = "MIT"\n'

    with nothing_happens():
        refusal(publish(alice_token, manifest=text), 400)


def test_another_name_in_the_manifest_is_refused(alice_token: str) -> None:
    crate = build_crate(manifest=manifest_for("other"))

    with nothing_happens():
        error = refusal(publish(alice_token, crate=crate), 400)

    assert error["detail"] == "metadata name `demo-crate` does not match manifest name `other`"


def test_what_the_manifest_says_is_kept(alice_token: str) -> None:
    text = manifest(
        'homepage = "https://example.org"\nkeywords = ["Tide", "tide", "sea"]\n'
        'categories = ["algorithms"]\nlinks = "z"\nrust-version = "1.70"\n'
        '[[bin]]\nname = "wave"\npath = "src/main.rs"\n[features]\ndefault = ["std"]\nstd = []\n'
    )
    files = {"src/lib.rs": b"", "src/main.rs": b"fn main() {}"}

    assert publish(alice_token, manifest=text, files=files).status_code == 200

    version = Version.objects.get()
    assert version.homepage == "https://example.org"
    assert version.keywords == ["tide", "sea"]
    assert version.categories == ["algorithms"]
    assert (version.links, version.rust_version) == ("z", "1.70")
    assert (version.has_lib, version.bin_names) == (True, ["wave"])
    assert version.features == {"default": ["std"], "std": []}


def test_a_licence_file_alone_will_do(alice_token: str) -> None:
    text = BARE + 'description = "d"\nlicense-file = "COPYING"\n'
    files = {"src/lib.rs": b"", "COPYING": b"all rights"}

    assert publish(alice_token, manifest=text, files=files).status_code == 200
