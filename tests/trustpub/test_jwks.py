from base64 import urlsafe_b64encode
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from demo.issuer import new_key
from tests.factories.id_tokens import signing_key, stranger_key
from trustpub.jwks import PublicJwk, UnusableKeySet, parse_key_set

Jwk = dict[str, object]
GOOD: Jwk = signing_key().public_jwk()


@cache
def _ec(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> Jwk:
    key = ec.generate_private_key(curve()).public_key()
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": f"ec-{curve.name}"}


@cache
def _okp() -> Jwk:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": "okp"}


@cache
def _small_rsa() -> Jwk:
    return {**new_key(1024).public_jwk(), "kid": "bad"}


@cache
def _private_rsa() -> Jwk:
    jwk = RSAAlgorithm.to_jwk(stranger_key().private_key, as_dict=True)
    return {**jwk, "kid": "bad", "key_ops": ["verify"]}


def _good(**members: object) -> Jwk:
    return {**stranger_key().public_jwk(), "kid": "bad", **members}


def test_it_keeps_usable_keys_of_every_type_by_their_id() -> None:
    key_set = parse_key_set({"keys": [GOOD, _ec(), _ec(ec.SECP384R1), _okp()]})

    assert list(key_set.keys) == [GOOD["kid"], "ec-secp256r1", "ec-secp384r1", "okp"]
    assert key_set.skipped == ()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("a text", "not a JSON object"),
        (_good(kid=None), "no usable key ID"),
        (_good(kid=7), "no usable key ID"),
        (_good(kid="k" * 257), "no usable key ID"),
        (_good(kid=""), "no usable key ID"),
        (_good(kid=["x"]), "no usable key ID"),
        (_good(use="enc"), "not meant for signatures"),
        (_good(use=None), "not meant for signatures"),
        (_good(key_ops=["encrypt"]), "not meant for verification"),
        (_good(key_ops="verify"), "not meant for verification"),
        (_good(alg="RSA-OAEP"), "algorithm is not supported"),
        (_good(alg="HS256"), "algorithm is not supported"),
        (_good(alg="none"), "algorithm is not supported"),
        (_good(alg=["RS256"]), "algorithm is not supported"),
        (_good(alg="ES256"), "does not fit its type"),
        (_good(n="AQAB"), "RSA with 17 bits"),
        (_good(n=None), "RSA with 0 bits"),
        (_good(n="_" * 1400), "RSA with 8400 bits"),
        (_good(e="AA"), "not a valid key"),
        (_good(e=3), "not a valid key"),
        (_small_rsa(), "RSA with 1024 bits"),
        (_private_rsa(), "private half"),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "bad"}, "private half"),
        ({"kty": "oct", "kid": "bad"}, "type or curve"),
        ({"kid": "bad"}, "type or curve"),
        ({**_ec(), "kid": "bad", "crv": "secp256k1"}, "type or curve"),
        ({**_ec(), "kid": "bad", "y": _ec()["x"]}, "not a valid key"),
        ({**_okp(), "kid": "bad", "x": "AAAA"}, "not a valid key"),
        ({**_okp(), "kid": "bad", "crv": "Ed448"}, "type or curve"),
    ],
)
def test_one_unusable_key_is_skipped_with_its_reason(entry: object, reason: str) -> None:
    key_set = parse_key_set({"keys": [entry, GOOD]})

    assert list(key_set.keys) == [GOOD["kid"]]
    assert reason in key_set.skipped[0].reason


def test_the_largest_key_and_the_longest_name_are_taken() -> None:
    largest = urlsafe_b64encode(((1 << 8191) + 1).to_bytes(1024)).rstrip(b"=").decode()
    name = "k" * 256

    key_set = parse_key_set({"keys": [_good(kid=name, n=largest)]})

    assert list(key_set.keys) == [name]


def test_two_keys_of_one_name_are_both_skipped() -> None:
    twin = {**stranger_key().public_jwk(), "kid": GOOD["kid"]}

    key_set = parse_key_set({"keys": [GOOD, _ec(), twin]})

    assert list(key_set.keys) == ["ec-secp256r1"]
    assert [key.kid for key in key_set.skipped] == [GOOD["kid"], GOOD["kid"]]


@pytest.mark.parametrize(
    "document",
    [None, [], "keys", {}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [_small_rsa()]}],
)
def test_a_set_without_usable_key_is_a_failure(document: object) -> None:
    with pytest.raises(UnusableKeySet):
        parse_key_set(document)


@pytest.mark.parametrize(
    ("jwk", "fitting"),
    [
        (GOOD, {"RS256"}),
        (_good(alg=None), {"RS256", "RS384", "RS512", "PS256"}),
        (_ec(), {"ES256"}),
        (_ec(ec.SECP384R1), {"ES384"}),
        (_okp(), {"EdDSA"}),
    ],
)
def test_a_key_fits_only_algorithms_of_its_type_and_its_own(jwk: Jwk, fitting: set[str]) -> None:
    key = _only(jwk)
    asked = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS256", "none", ""]

    assert {name for name in asked if key.fits(name)} == fitting


def test_a_key_does_not_print_its_numbers() -> None:
    assert str(GOOD["n"]) not in repr(_only(GOOD))


def _only(jwk: Jwk) -> PublicJwk:
    [key] = parse_key_set({"keys": [jwk]}).keys.values()
    return key
