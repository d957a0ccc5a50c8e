import pytest

from accounts.models import User
from registry.models import Crate, ReservedName
from tests.cases import in_turn
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal


@pytest.mark.parametrize("name", ["a", "Foo_Bar-9", "x" * 64])
def test_a_new_crate_belongs_to_who_published_it(alice: User, alice_token: str, name: str) -> None:
    assert publish(alice_token, name).status_code == 200

    crate = Crate.objects.get()
    assert crate.name == name
    assert crate.is_owned_by(alice)


@in_turn(
    ("name", "said"),
    [
        ("", "crate name cannot be empty"),
        ("9lives", "cannot start with a digit"),
        ("_x", "invalid character `_` in crate name"),
        ("-x", "invalid character `-` in crate name"),
        ("a b", "invalid character ` ` in crate name"),
        ("a/b", "invalid character `/` in crate name"),
        ("../x", "invalid character `.` in crate name"),
        ("naïve", "invalid character `ï` in crate name"),
        ("a.b", "invalid character `.` in crate name"),
        ("ſerde", "invalid character"),
        ("a\u202eb", "invalid character"),
        ("x" * 65, "too long (max 64 characters)"),
        ("x" * 100_000, "too long (max 64 characters)"),
    ],
)
def test_a_name_outside_of_the_grammar_is_refused(alice_token: str, name: str, said: str) -> None:
    with nothing_happens():
        error = refusal(publish(alice_token, name, crate=b""), 400)

    assert said in error["detail"]
    assert len(error["detail"]) < 400


@pytest.mark.parametrize("spelling", ["FOO-BAR", "foo_bar", "Foo_Bar", "foo-Bar"])
def test_the_owner_must_keep_the_spelling(alice: User, alice_token: str, spelling: str) -> None:
    make_crate("foo-bar", owner=alice)

    with nothing_happens():
        error = refusal(publish(alice_token, spelling), 400)

    assert error["detail"] == "crate was previously named `foo-bar`"


@pytest.mark.parametrize("spelling", ["foo-bar", "FOO-BAR", "foo_bar"])
def test_a_name_that_another_has_in_any_spelling_is_refused(
    alice: User, charlie_token: str, spelling: str
) -> None:
    make_crate("foo-bar", owner=alice)

    with nothing_happens():
        error = refusal(publish(charlie_token, spelling), 403)

    assert error["code"] == "not_owner"


@pytest.mark.parametrize("name", ["std", "STD", "proc-macro", "proc_macro", "nul", "com1", "core"])
def test_a_reserved_name_is_refused(alice_token: str, name: str) -> None:
    with nothing_happens():
        error = refusal(publish(alice_token, name), 400)

    assert error["detail"] == "cannot upload a crate with a reserved name"


def test_a_name_that_was_reserved_later_takes_no_version_either(
    alice: User, alice_token: str
) -> None:
    make_crate("foo-bar", owner=alice)
    ReservedName.objects.create(canonical_name="foo_bar", reason="trademark")

    refusal(publish(alice_token, "foo-bar"), 400)
