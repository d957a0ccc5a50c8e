import pytest

from accounts.models import User
from registry.models import Crate, Version
from tests.cases import in_turn
from tests.factories.archives import build_crate, manifest_for
from tests.wire import nothing_happens, publish, refusal, send, stored_files


@pytest.mark.parametrize("num", ["0.0.0", "1.0.0-alpha.1", "1.0.0+build.7", "1.0.0-rc.1+x"])
def test_a_version_is_kept_as_it_is_written(alice_token: str, num: str) -> None:
    assert publish(alice_token, version=num).status_code == 200

    assert Version.objects.get().num == num
    assert f"crates/demo-crate/demo-crate-{num}.crate" in stored_files()


@in_turn(
    "num",
    ["", "1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0+", "1.0.0-01", "1.0.0 ",
     "1.0.0\n", "1.0.0/../x", "1.0.0-é", "^1.0.0", "99999999999999999999.0.0", "latest"],
)  # fmt: skip
def test_a_version_that_is_not_semver_is_refused(alice_token: str, num: str) -> None:
    with nothing_happens():
        error = refusal(publish(alice_token, version=num, crate=b""), 400)

    assert "version" in error["detail"]


def test_a_version_may_have_150_characters(alice_token: str) -> None:
    longest = "1.0.0-" + "a" * 144

    assert publish(alice_token, version=longest).status_code == 200
    with nothing_happens():
        error = refusal(publish(alice_token, version=longest + "a", crate=b""), 400)

    assert "too long" in error["detail"]


def test_a_version_is_published_once(alice_token: str) -> None:
    publish(alice_token)
    before = Version.objects.get().checksum

    with nothing_happens():
        error = refusal(publish(alice_token, files={"src/lib.rs": b"// other"}), 400)

    assert error["detail"] == "crate version `0.1.0` is already uploaded"
    assert Version.objects.get().checksum == before


@pytest.mark.parametrize("again", ["1.0.0", "1.0.0+b", "1.0.0+a.1"])
def test_build_metadata_makes_no_other_version(alice_token: str, again: str) -> None:
    publish(alice_token, version="1.0.0+a")

    with nothing_happens():
        error = refusal(publish(alice_token, version=again), 400)

    assert error["detail"] == "crate version `1.0.0` is already uploaded"


def test_a_yanked_version_keeps_its_number(alice_token: str) -> None:
    publish(alice_token)
    send("DELETE", "/api/v1/crates/demo-crate/0.1.0/yank", alice_token)

    with nothing_happens():
        refusal(publish(alice_token), 400)

    assert Version.objects.get().yanked


def test_an_older_line_does_not_become_the_default(alice: User, alice_token: str) -> None:
    for num in ("1.0.0", "2.0.0-rc.1", "0.9.1"):
        publish(alice_token, version=num)

    crate = Crate.objects.get()
    assert (crate.default_version, crate.max_stable_version) == ("1.0.0", "1.0.0")
    assert (crate.max_version, crate.newest_version) == ("2.0.0-rc.1", "0.9.1")
    assert crate.num_versions == 3


@pytest.mark.parametrize(("sent", "said"), [("0.1.1", "version"), ("0.1.0+x", "version")])
def test_metadata_and_manifest_must_agree(alice_token: str, sent: str, said: str) -> None:
    crate = build_crate("demo-crate", sent, manifest=manifest_for("demo-crate", "0.1.0"))

    with nothing_happens():
        error = refusal(publish(alice_token, version=sent, crate=crate), 400)

    assert error["detail"] == f"metadata version `{sent}` does not match manifest version `0.1.0`"
