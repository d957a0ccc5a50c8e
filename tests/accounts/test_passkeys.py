"""Which answers of authenticators count: the rules of WebAuthn, one lie at a time."""

import json
from collections.abc import Callable

import pytest
from fido2.webauthn import AuthenticatorData
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import passkeys
from accounts.passkeys import InvalidAnswer
from tests.authenticator import Authenticator

ORIGIN = "https://reg.example"

Lie = Callable[[Authenticator], object]


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.PUBLIC_ORIGIN = ORIGIN
    settings.PASSKEY_HOST = "reg.example"


def register(key: Authenticator) -> passkeys.Registered:
    options, state = passkeys.registration(handle="1", login="alice", known=[])
    return passkeys.registered(key.create(options), state)


def test_what_was_registered_proves() -> None:
    key = Authenticator(ORIGIN)
    credential = passkeys.credential_of(json.loads(json.dumps(register(key).answer)))
    options, state = passkeys.authentication([credential])

    proof = passkeys.proven(key.get(options), state, [credential])

    assert proof.credential_id == key.credential_id == credential.credential_id
    assert proof.sign_count == 1
    assert json.loads(options)["allowCredentials"][0]["id"] in key.get(options)


def test_a_passkey_that_somebody_has_is_not_made_again() -> None:
    credential = register(Authenticator(ORIGIN)).credential

    options, _ = passkeys.registration(handle="1", login="alice", known=[credential])

    assert len(json.loads(options)["excludeCredentials"]) == 1


def changed(**facts: object) -> Lie:
    return lambda key: key.client_data.update(facts)


def with_field(name: str, value: object) -> Lie:
    return lambda key: setattr(key, name, value)


LIES = {
    "another site": with_field("origin", "https://evil.example"),
    "a site below ours": with_field("origin", "https://pages.reg.example"),
    "without TLS": with_field("origin", "http://reg.example"),
    "another port": with_field("origin", "https://reg.example:8443"),
    "a key for another host": with_field("host", "evil.example"),
    "nobody touched it": with_field("flags", AuthenticatorData.FLAG(0)),
    "another question": changed(challenge="AAAA"),
    "in a frame of another site": changed(crossOrigin=True),
    "another ceremony": changed(type="payment.get"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_registers_nothing(lie: Lie) -> None:
    key = Authenticator(ORIGIN)
    lie(key)

    with pytest.raises(InvalidAnswer):
        register(key)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_proves_nothing(lie: Lie) -> None:
    key = Authenticator(ORIGIN)
    credential = register(key).credential
    options, state = passkeys.authentication([credential])
    lie(key)

    with pytest.raises(InvalidAnswer):
        passkeys.proven(key.get(options), state, [credential])


def test_the_signature_of_another_key_proves_nothing() -> None:
    key, other = Authenticator(ORIGIN), Authenticator(ORIGIN)
    credential = register(key).credential
    options, state = passkeys.authentication([credential])
    stranger = other.get(options)
    other.credential_id = key.credential_id

    for answer in (stranger, other.get(options)):
        with pytest.raises(InvalidAnswer):
            passkeys.proven(answer, state, [credential])


def test_what_was_registered_is_no_proof_and_the_other_way_round() -> None:
    key = Authenticator(ORIGIN)
    credential = register(key).credential
    options, state = passkeys.authentication([credential])

    with pytest.raises(InvalidAnswer):
        passkeys.proven(key.create(options), state, [credential])
    with pytest.raises(InvalidAnswer):
        passkeys.registered(key.get(options), state)


def test_an_algorithm_that_was_not_asked_for_is_refused() -> None:
    key = Authenticator(ORIGIN)
    # fido2 itself takes whatever key comes, and then cannot verify with it.
    key.algorithm = -65535

    with pytest.raises(InvalidAnswer, match="of a kind"):
        register(key)


@pytest.mark.parametrize(
    "answer",
    ["", "null", "[]", "{}", '{"id": 1}', "[" * 5000, '{"rawId": "AA"}', "x" * 20_000, "\0"],
)
def test_garbage_is_refused(answer: str) -> None:
    _, state = passkeys.registration(handle="1", login="alice", known=[])

    with pytest.raises(InvalidAnswer):
        passkeys.registered(answer, state)
    with pytest.raises(InvalidAnswer):
        passkeys.proven(answer, state, [])


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("AAAA")
FIELDS = ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "signature"]
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=7)
    ),
    max_leaves=12,
)


@given(content=st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_json_comes_is_refused(content: dict[str, object]) -> None:
    _, state = passkeys.authentication([])

    with pytest.raises(InvalidAnswer):
        passkeys.registered(json.dumps(content), state)
    with pytest.raises(InvalidAnswer):
        passkeys.proven(json.dumps(content), state, [])


@given(start=st.integers(0, 400), bytes_=st.binary(min_size=1, max_size=4), cut=st.booleans())
def test_whatever_bytes_come_nothing_but_a_refusal_follows(
    start: int, bytes_: bytes, cut: bool
) -> None:
    """Damage anywhere in what the authenticator says, beneath its encoding."""
    key = Authenticator(ORIGIN)
    options, state = passkeys.registration(handle="1", login="alice", known=[])
    answer = json.loads(key.create(options))
    damaged = answer["response"]["attestationObject"].encode()
    rest = b"" if cut else damaged[start + len(bytes_) :]
    answer["response"]["attestationObject"] = (damaged[:start] + bytes_ + rest).decode("latin-1")

    try:
        passkeys.registered(json.dumps(answer), state)
    except InvalidAnswer:
        pass
