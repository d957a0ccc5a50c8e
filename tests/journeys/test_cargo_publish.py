"""What a maintainer does with real cargo and an API token, and what cargo then says."""

import json
import random
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.cargo import REGISTRY, Cargo, failed, succeeded
from tests.factories.archives import build_crate, build_frame, manifest_for, metadata_for
from tests.journeys.wire import ask, index_lines, upload
from tests.server import Server

pytestmark = [pytest.mark.cargo, pytest.mark.slow]

REVOKE = """
from accounts.models import ApiToken
from accounts.operations.tokens import revoke_token
token = ApiToken.objects.get(name="to be revoked")
revoke_token(user=token.user, token_id=token.pk)
"""
CRATES_IO = "https://github.com/rust-lang/crates.io-index"


def test_a_crate_its_dependent_and_a_consumer_build(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token

    # A first crate, built by cargo before the upload as everybody does.
    base = cargo.new("tide-base", source="pub fn level() -> u32 { 7 }\n")
    said = succeeded(cargo.run("publish", cwd=base, token=token))
    assert "Published tide-base v0.1.0 at registry `waybill`" in said
    assert "warning" not in said

    # A second one that needs the first: cargo downloads it again to verify.
    gauge = cargo.new(
        "tide-gauge",
        dependencies={"tide-base": "0.1"},
        source="pub fn twice() -> u32 { 2 * tide_base::level() }\n",
    )
    said = succeeded(cargo.run("publish", cwd=gauge, token=token))
    assert "Published tide-gauge v0.1.0" in said

    # Somebody else's program, without any token.
    consumer = cargo.new(
        "tide-reader",
        dependencies={"tide-gauge": "0.1"},
        source="pub fn read() -> u32 { tide_gauge::twice() }\n",
    )
    succeeded(cargo.run("build", cwd=consumer))

    # The lock file has this registry's address and the checksum that the API tells.
    lock = (consumer / "Cargo.lock").read_text()
    version = ask("GET", f"{running_server.url}/api/v1/crates/tide-base/0.1.0").json["version"]
    assert running_server.index in lock
    assert version["checksum"] in lock


def test_every_kind_of_dependency_reaches_the_resolver(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token

    # Six small crates that another one needs in six ways.
    for name in ("kin-plain", "kin-renamed", "kin-optional", "kin-build", "kin-dev", "kin-unix"):
        features = "[features]\nextra = []\n" if name == "kin-optional" else ""
        crate = cargo.new(name, manifest=features, source="pub fn here() -> bool { true }\n")
        succeeded(cargo.publish(crate, token))

    manifest = f"""\
kin-plain = {{ version = "0.1", registry = "{REGISTRY}", default-features = false }}
short = {{ package = "kin-renamed", version = "0.1", registry = "{REGISTRY}" }}
kin-optional = {{ version = "0.1", registry = "{REGISTRY}", optional = true }}

[build-dependencies]
kin-build = {{ version = "0.1", registry = "{REGISTRY}" }}

[dev-dependencies]
kin-dev = {{ version = "0.1", registry = "{REGISTRY}" }}

[target.'cfg(unix)'.dependencies]
kin-unix = {{ version = "0.1", registry = "{REGISTRY}" }}

[features]
default = []
full = ["dep:kin-optional", "kin-optional?/extra"]
"""
    source = """\
pub fn all() -> bool {
    #[cfg(feature = "full")]
    let optional = kin_optional::here();
    #[cfg(not(feature = "full"))]
    let optional = false;
    kin_plain::here() && short::here() && optional
}
"""
    family = cargo.new("kin-family", manifest=manifest, source=source)
    (family / "build.rs").write_text("fn main() { assert!(kin_build::here()); }\n")
    succeeded(cargo.run("publish", cwd=family, token=token))

    # The index tells each as the resolver wants it: a renamed one under its alias.
    [line] = index_lines(running_server.url, "ki/n-/kin-family")
    found = {dep["name"]: dep for dep in line["deps"]}
    assert found["short"]["package"] == "kin-renamed"
    assert found["kin-plain"]["default_features"] is False
    assert found["kin-optional"]["optional"] is True
    assert {dep["name"]: dep["kind"] for dep in line["deps"] if dep["kind"] != "normal"} == {
        "kin-build": "build",
        "kin-dev": "dev",
    }
    assert found["kin-unix"]["target"] == "cfg(unix)"
    assert all(dep.get("registry") is None for dep in line["deps"])
    assert line["features2"]["full"] == ["dep:kin-optional", "kin-optional?/extra"]

    # And it works: the feature brings in the optional crate, nobody gets the dev one.
    reader = f'kin-family = {{ version = "0.1", registry = "{REGISTRY}", features = ["full"] }}\n'
    consumer = cargo.new(
        "kin-consumer", manifest=reader, source="pub fn go() -> bool { kin_family::all() }\n"
    )
    succeeded(cargo.run("build", cwd=consumer))
    lock = (consumer / "Cargo.lock").read_text()
    assert '"kin-optional"' in lock
    assert "kin-dev" not in lock


def test_a_yanked_version_is_hidden_but_stays_downloadable(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token
    crate = cargo.new("leak-box")
    succeeded(cargo.publish(crate, token))

    # A consumer has it in its lock file before it is yanked.
    early = cargo.new("leak-early", dependencies={"leak-box": "0.1"})
    succeeded(cargo.run("generate-lockfile", cwd=early))
    said = succeeded(cargo.run("yank", "leak-box@0.1.0", token=token))
    assert "Yank leak-box@0.1.0" in said

    # A new resolution does not find it.
    late = cargo.new("leak-late", dependencies={"leak-box": "0.1"})
    said = failed(cargo.run("generate-lockfile", cwd=late))
    assert "leak-box" in said
    assert "yanked" in said

    # The lock file still builds, also on a machine that never saw the crate.
    shutil.rmtree(cargo.home)
    succeeded(cargo.run("build", "--locked", cwd=early))

    # Back again.
    succeeded(cargo.run("yank", "--undo", "leak-box@0.1.0", token=token))
    succeeded(cargo.run("generate-lockfile", cwd=late))

    # What does not exist cannot be yanked, and cargo says so in our words.
    said = failed(cargo.run("yank", "leak-box@9.9.9", token=token))
    assert "crate `leak-box` does not have a version `9.9.9`" in said


def test_a_version_is_published_once_and_for_all(registry_cargo: Cargo, alices_token: str) -> None:
    cargo, token = registry_cargo, alices_token
    crate = cargo.new("once-only", "1.0.0")
    succeeded(cargo.publish(crate, token))

    # Cargo itself sees it in the index.
    said = failed(cargo.publish(crate, token))
    assert "crate once-only@1.0.0 already exists on `waybill` index" in said

    # A yanked one cargo does not see: here the server has to refuse.
    succeeded(cargo.run("yank", "once-only@1.0.0", token=token))
    said = failed(cargo.publish(crate, token))
    assert "status 400 Bad Request): crate version `1.0.0` is already uploaded" in said

    # Build metadata does not make it another version.
    said = failed(cargo.publish(cargo.new("once-only", "1.0.0+again"), token))
    assert "crate version `1.0.0` is already uploaded" in said

    # The next one is welcome, and older lines may still go on.
    succeeded(cargo.publish(cargo.new("once-only", "1.1.0-rc.1+build.5"), token))
    succeeded(cargo.publish(cargo.new("once-only", "0.9.1"), token))
    consumer = cargo.new("once-user", dependencies={"once-only": "=1.1.0-rc.1"})
    succeeded(cargo.run("build", cwd=consumer))
    assert 'version = "1.1.0-rc.1+build.5"' in (consumer / "Cargo.lock").read_text()


def test_a_bad_name_is_explained(registry_cargo: Cargo, alices_token: str) -> None:
    cargo, token = registry_cargo, alices_token

    # Cargo lets letters of any script through.
    said = failed(cargo.publish(cargo.new("größe"), token))
    assert "invalid character `ö` in crate name: `größe`" in said
    assert "must be ASCII letters, digits, `-` or `_`" in said

    said = failed(cargo.publish(cargo.new("_hidden"), token))
    assert "the first character must be an ASCII letter" in said

    said = failed(cargo.publish(cargo.new("a" * 65), token))
    assert "too long (max 64 characters)" in said

    # Rust's own names.
    said = failed(cargo.publish(cargo.new("rustc_driver"), token))
    assert "cannot upload a crate with a reserved name" in said

    # One name in another spelling, by its owner and by somebody else's guess.
    succeeded(cargo.publish(cargo.new("Salt-Water"), token))
    for spelling in ("salt_water", "salt-water", "SALT_WATER"):
        said = failed(cargo.publish(cargo.new(spelling, "0.2.0"), token))
        assert "crate was previously named `Salt-Water`" in said

    # Under its own spelling it is found, though index paths are in lower case.
    consumer = cargo.new("salt-taster", dependencies={"Salt-Water": "0.1"})
    succeeded(cargo.run("build", cwd=consumer))


def test_an_upload_that_the_registry_does_not_take_is_explained(
    registry_cargo: Cargo, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token

    # No description, no license: cargo only warns.
    bare = cargo.new("bare-crate")
    manifest = (bare / "Cargo.toml").read_text()
    kept = [line for line in manifest.splitlines() if not line.startswith(("desc", "license"))]
    (bare / "Cargo.toml").write_text("\n".join(kept))
    said = failed(cargo.publish(bare, token))
    assert "missing or empty metadata fields: description, license" in said

    # More than the limit; cargo waits a second for `100 Continue` before it sends so much.
    huge = cargo.new("huge-crate")
    (huge / "noise.bin").write_bytes(_noise(11 * 1024 * 1024))
    said = failed(cargo.publish(huge, token))
    if "Broken pipe" in said:
        # On a busy machine that second may be over before the answer.
        said = failed(cargo.publish(huge, token))
    assert "status 413" in said
    assert f"max upload size is: {10 * 1024 * 1024}" in said

    # Less than the limit is fine.
    (huge / "noise.bin").write_bytes(_noise(5 * 1024 * 1024))
    succeeded(cargo.publish(huge, token))

    # A dependency that nobody has published yet.
    lost = build_crate(
        "lost-crate", manifest=manifest_for("lost-crate", extra='[dependencies]\nnowhere = "1"\n')
    )
    deps = [{"name": "nowhere", "version_req": "^1", "kind": "normal", "registry": None}]
    answer = upload(
        cargo.index.removeprefix("sparse+").removesuffix("/index/"),
        token,
        build_frame(metadata_for("lost-crate", deps=deps), lost),
    )
    assert (answer.status, answer.detail) == (400, "no known crate named `nowhere`")


def test_a_token_opens_what_it_was_made_for(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, server = registry_cargo, running_server
    crate = cargo.new("key-hole")

    # None at all: cargo stops by itself.
    said = failed(cargo.publish(crate))
    assert "no token found for `waybill`" in said

    # Something that never was a token of ours, and one that looks like it.
    said = failed(cargo.publish(crate, "hunter2"))
    assert "does not have the form of this registry's tokens" in said
    assert "hunter2" not in said
    revoked = server.manage("create_token", "alice", "to be revoked")
    server.manage("shell", "-c", REVOKE)
    said = failed(cargo.publish(crate, revoked))
    assert "status 403 Forbidden): authentication failed" in said

    # One for other actions, and one for other crates.
    yanker = server.manage("create_token", "alice", "yanker", "--scope", "yank")
    said = failed(cargo.publish(crate, yanker))
    assert "this token does not have the required permissions" in said
    other = server.manage("create_token", "alice", "other", "--crate", "key-ring*")
    said = failed(cargo.publish(crate, other))
    assert "this token does not have the required permissions" in said
    succeeded(cargo.publish(cargo.new("key-ring-one"), other))

    # What the first may not do the yanker may, once there is something to yank.
    succeeded(cargo.publish(crate, alices_token))
    succeeded(cargo.run("yank", "key-hole@0.1.0", token=yanker))


def test_owners_come_and_go(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, server, token = registry_cargo, running_server, alices_token
    server.manage("create_user", "bob", "--email", "bob@example.com")
    bobs = server.manage("create_token", "bob", "laptop")
    succeeded(cargo.publish(cargo.new("shared-boat"), token))

    # Bob is a stranger at first.
    said = failed(cargo.publish(cargo.new("shared-boat", "0.2.0"), bobs))
    assert "this crate exists but you don't seem to be an owner" in said
    said = failed(cargo.run("yank", "shared-boat@0.1.0", token=bobs))
    assert "must already be an owner" in said
    said = failed(cargo.run("owner", "--add", "bob", "shared-boat", token=bobs))
    assert "only owners have permission to modify owners" in said

    # Alice invites him, in whatever case she types his name.
    said = succeeded(cargo.run("owner", "--add", "Bob", "shared-boat", token=token))
    assert "user bob has been invited to be an owner of crate shared-boat" in said
    said = succeeded(cargo.run("owner", "--add", "bob", "shared-boat", token=token))
    assert "user bob already has a pending invitation" in said
    said = failed(cargo.publish(cargo.new("shared-boat", "0.2.0"), bobs))
    assert "perhaps you need to accept an invitation" in said

    # The link of his letter takes him aboard.
    link = _invitation_in_mail(server, "bob@example.com")
    accept = f"{server.url}/api/v1/me/crate_owner_invitations/accept/{link}"
    assert ask("PUT", accept).status == 200
    said = succeeded(cargo.run("owner", "--list", "shared-boat", token=token))
    assert {line.split()[0] for line in said.splitlines() if "Updating" not in line} == {
        "alice",
        "bob",
    }
    succeeded(cargo.publish(cargo.new("shared-boat", "0.2.0"), bobs))

    # Twice is an error, and so are a stranger and a team of which GitHub cannot be asked.
    said = failed(cargo.run("owner", "--add", "bob", "shared-boat", token=token))
    assert "`bob` is already an owner" in said
    said = failed(cargo.run("owner", "--add", "nobody-here", "shared-boat", token=token))
    assert "could not find user with login `nobody-here`" in said
    said = failed(cargo.run("owner", "--add", "github:rust-lang:core", "shared-boat", token=token))
    assert "sign in with GitHub" in said

    # Bob shows Alice out, but somebody has to stay.
    succeeded(cargo.run("owner", "--remove", "alice", "shared-boat", token=bobs))
    said = failed(cargo.run("owner", "--remove", "bob", "shared-boat", token=bobs))
    assert "cannot remove all individual owners of a crate" in said


def _invitation_in_mail(server: Server, address: str) -> str:
    """The token of the letter that the worker writes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in (server.data_dir / "mail").glob("*.eml"):
            letter = path.read_text()
            found = re.search(r"/accept-invite/(\w+)", letter)
            if found and f"To: {address}" in letter:
                return found[1]
        time.sleep(0.05)
    raise AssertionError("no invitation in the mail")


def test_crates_are_found_shown_and_added(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token
    for name in ("quay-light", "quay", "quay-wall"):
        succeeded(cargo.publish(cargo.new(name), token))

    # The exact name comes first, with its description.
    said = succeeded(cargo.run("search", "quay"))
    found = [line for line in said.splitlines() if " = " in line]
    assert found[0].startswith('quay = "0.1.0"')
    assert "A crate of the tests" in found[0]
    assert len(found) == 3

    # In the other spelling, too.
    said = succeeded(cargo.run("search", "quay_wall"))
    assert 'quay-wall = "0.1.0"' in said
    said = succeeded(cargo.run("search", "no such thing & more"))
    assert " = " not in said

    # `info` reads the index and the archive.
    said = succeeded(cargo.run("info", "quay"))
    assert "version: 0.1.0" in said
    assert "license: MIT" in said
    said = failed(cargo.run("info", "quay-nowhere"))
    assert "could not find `quay-nowhere` in registry" in said

    # `add` finds the newest version.
    consumer = cargo.new("quay-visitor")
    succeeded(cargo.run("add", "quay", "--registry", REGISTRY, cwd=consumer))
    assert 'quay = { version = "0.1.0"' in (consumer / "Cargo.toml").read_text()


def test_login_says_where_to_get_a_token_and_keeps_it(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, server = registry_cargo, running_server

    # Cargo asks for a token with the address of a page.
    done = cargo.run_at_terminal("login", "--registry", REGISTRY, typed=f"{alices_token}\n")
    assert f"please paste the token found on {server.url}/me below" in succeeded(done)

    # The page exists: it sends who is not signed in to do that first.
    answer = ask("GET", f"{server.url}/me")
    assert answer.status == 302
    followed = ask("GET", f"{server.url}{answer.headers['Location']}")
    assert followed.status in (200, 302)

    # From now on no variable is needed.
    succeeded(cargo.publish(cargo.new("logged-in")))
    succeeded(cargo.run("logout", "--registry", REGISTRY))
    assert "no token found" in failed(cargo.publish(cargo.new("logged-in", "0.2.0")))


def test_a_workspace_is_published_in_the_order_of_its_members(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo = registry_cargo
    workspace = _workspace(cargo, "fleet", ["fleet-a", "fleet-b", "fleet-c"])

    said = succeeded(
        cargo.run("publish", "--workspace", "--no-verify", cwd=workspace, token=alices_token)
    )

    order = [said.index(f"Published {name} v0.1.0") for name in ("fleet-c", "fleet-b", "fleet-a")]
    assert order == sorted(order)
    [line] = index_lines(running_server.url, "fl/ee/fleet-a")
    assert [(dep["name"], dep["req"], dep.get("registry")) for dep in line["deps"]] == [
        ("fleet-b", "^0.1.0", None)
    ]

    # Once more: cargo uploads nothing when one of them is there already.
    said = failed(
        cargo.run("publish", "--workspace", "--no-verify", cwd=workspace, token=alices_token)
    )
    assert "already exists on `waybill` index" in said


def test_a_dependency_on_crates_io_keeps_its_home(
    registry_cargo: Cargo, running_server: Server, alices_token: str
) -> None:
    cargo, token = registry_cargo, alices_token
    succeeded(cargo.publish(cargo.new("twin-star"), token))
    # Without `registry` a dependency is crates.io's; here a mirror stands in for it.
    mirror = [
        "--config",
        'source.crates-io.replace-with="mirror"',
        "--config",
        f'source.mirror.registry="{running_server.index}"',
    ]
    crate = cargo.new("twin-user", manifest='twin-star = "0.1"\n')

    succeeded(cargo.run("publish", "--no-verify", *mirror, cwd=crate, token=token))

    [line] = index_lines(running_server.url, "tw/in/twin-user")
    [dep] = line["deps"]
    assert dep["registry"] == CRATES_IO


def test_the_second_machine_sees_a_new_version_at_once(
    registry_cargo: Cargo, running_server: Server, alices_token: str, tmp_path: Path
) -> None:
    cargo, token = registry_cargo, alices_token
    succeeded(cargo.publish(cargo.new("fresh-fish"), token))
    elsewhere = Cargo(cargo.program, tmp_path / "elsewhere")
    elsewhere.use(running_server.index)
    consumer = elsewhere.new("fish-eater", dependencies={"fresh-fish": "0.1"})
    succeeded(elsewhere.run("update", cwd=consumer))

    # Published on one machine, and picked up by the conditional request of another.
    succeeded(cargo.publish(cargo.new("fresh-fish", "0.1.1"), token))

    said = succeeded(elsewhere.run("update", cwd=consumer))
    assert "fresh-fish v0.1.0 (registry `waybill`) -> v0.1.1" in said
    succeeded(cargo.run("yank", "fresh-fish@0.1.1", token=token))
    said = succeeded(elsewhere.run("update", cwd=consumer))
    assert "Downgrading" in said


def _workspace(cargo: Cargo, folder: str, names: list[str]) -> Path:
    """Members that depend on one another, the first on the second and so on."""
    root = cargo.folder / folder
    for name, needed in zip(names, [*names[1:], None], strict=True):
        needs = (
            f'{needed} = {{ path = "../{needed}", version = "0.1.0", registry = "{REGISTRY}" }}\n'
            if needed
            else ""
        )
        made = cargo.new(name, manifest=needs)
        root.mkdir(exist_ok=True)
        shutil.move(made, root / name)
    (root / "Cargo.toml").write_text(
        f'[workspace]\nresolver = "2"\nmembers = {json.dumps(names)}\n'
    )
    return root


def _noise(size: int) -> bytes:
    """Bytes that do not shrink, the same in every run."""
    return random.Random(size).randbytes(size)
