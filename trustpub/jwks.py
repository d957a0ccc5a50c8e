"""An issuer's key set: which of its keys may verify a signature, and why the others may not."""

import binascii
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from trustpub.echo import printable

MAX_KID_LENGTH = 256
SMALLEST_RSA, LARGEST_RSA = 2048, 8192  # bits; beyond the upper end a check costs too much

VerificationKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class KeyShape(NamedTuple):
    """What kind of key an algorithm needs: `kty`, and `crv` where there are curves."""

    key_type: str
    curve: str | None


_RSA = KeyShape("RSA", None)

# All that an administrator may allow for an issuer (a.4). "none" and HMAC are not here, and
# whatever is not here can't be reached.
ALGORITHMS: Mapping[str, KeyShape] = {
    "RS256": _RSA,
    "RS384": _RSA,
    "RS512": _RSA,
    "PS256": _RSA,
    "ES256": KeyShape("EC", "P-256"),
    "ES384": KeyShape("EC", "P-384"),
    "EdDSA": KeyShape("OKP", "Ed25519"),
}

_READERS: Mapping[str, Callable[[dict[str, object]], object]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class UnusableKeySet(ValueError):
    """The document is no key set, or holds no key that we could use."""


class _Unusable(ValueError):
    """This one key can't be used; the message says why."""


@dataclass(frozen=True, eq=False)
class PublicJwk:
    """One usable public key of an issuer (RFC 7517)."""

    kid: str
    raw: Mapping[str, object] = field(repr=False)
    # Built while the set is read: only building shows that the numbers are a key at all.
    public_key: VerificationKey = field(repr=False)

    @property
    def key_type(self) -> str:
        return str(self.raw["kty"])

    @property
    def algorithm(self) -> str | None:
        """The only algorithm this key may be used with, when its issuer says so."""
        return None if self.raw.get("alg") is None else str(self.raw["alg"])

    def fits(self, algorithm: str) -> bool:
        """Whether a signature by `algorithm` may be verified with this key."""
        if algorithm not in ALGORITHMS or self.algorithm not in (None, algorithm):
            return False
        return ALGORITHMS[algorithm] == _shape(self.raw)


@dataclass(frozen=True)
class SkippedKey:
    """A key we do not use: its `kid` as far as there was one, and the reason."""

    kid: str
    reason: str


@dataclass(frozen=True, eq=False)
class KeySet:
    """The usable keys of an issuer by `kid`, and what was left out."""

    keys: Mapping[str, PublicJwk]
    skipped: tuple[SkippedKey, ...] = ()

    def get(self, kid: str) -> PublicJwk | None:
        return self.keys.get(kid)


def parse_key_set(document: object) -> KeySet:
    """The keys of a JWK set document (RFC 7517, section 5; trusted-publishing.md a.4 and a.7).

    Unusable keys are skipped one by one. Raises UnusableKeySet if nothing usable remains.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise UnusableKeySet('The key set is not a JSON object with a list named "keys".')
    keys: dict[str, PublicJwk] = {}
    skipped: list[SkippedKey] = []
    ambiguous = _repeated_kids(entries)
    for entry in entries:
        try:
            key = _read_key(entry, ambiguous)
        except _Unusable as problem:
            skipped.append(SkippedKey(_kid_of(entry), str(problem)))
        else:
            keys[key.kid] = key
    if not keys:
        reasons = "; ".join(f"{key.kid or 'a key'}: {key.reason}" for key in skipped[:5])
        raise UnusableKeySet(f"The key set holds no usable key ({reasons or 'it is empty'}).")
    return KeySet(keys, tuple(skipped))


def _repeated_kids(entries: list[object]) -> frozenset[object]:
    kids = [entry.get("kid") for entry in entries if isinstance(entry, Mapping)]
    counts = Counter(kid for kid in kids if isinstance(kid, str))
    return frozenset(kid for kid, count in counts.items() if count > 1)


def _kid_of(entry: object) -> str:
    return printable(entry.get("kid") or "") if isinstance(entry, Mapping) else ""


def _read_key(entry: object, ambiguous: frozenset[object]) -> PublicJwk:
    if not isinstance(entry, Mapping):
        raise _Unusable("not a JSON object")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
        raise _Unusable("no usable key ID")
    if kid in ambiguous:
        raise _Unusable("another key of the set has the same key ID")
    _check_purpose(entry)
    return PublicJwk(kid, dict(entry), _public_key(entry))


def _check_purpose(raw: Mapping[str, object]) -> None:
    if raw.get("use", "sig") != "sig":
        raise _Unusable("not meant for signatures (use)")
    operations = raw.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise _Unusable("not meant for verification (key_ops)")
    algorithm = raw.get("alg")
    if algorithm is None:
        return
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise _Unusable("its algorithm is not supported")
    if ALGORITHMS[algorithm] != _shape(raw):
        raise _Unusable("its algorithm does not fit its type")


def _public_key(raw: Mapping[str, object]) -> VerificationKey:
    if _PRIVATE_MEMBERS & raw.keys():
        # Whoever can read this set could sign with such a key.
        raise _Unusable("its private half is published")
    if _shape(raw) not in ALGORITHMS.values():
        raise _Unusable("its type or curve is not supported")
    if raw["kty"] == "RSA":
        bits = _number(raw.get("n")).bit_length()
        if not SMALLEST_RSA <= bits <= LARGEST_RSA:
            raise _Unusable(f"RSA with {bits} bits; {SMALLEST_RSA} to {LARGEST_RSA} are accepted")
    return _build(raw)


def _shape(raw: Mapping[str, object]) -> KeyShape:
    curve = raw.get("crv")
    return KeyShape(str(raw.get("kty")), None if curve is None else str(curve))


def _number(text: object) -> int:
    if not isinstance(text, str):
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return 0


def _build(raw: Mapping[str, object]) -> VerificationKey:
    try:
        key = _READERS[str(raw["kty"])](dict(raw))
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        raise _Unusable("its numbers are not a valid key") from None
    if not isinstance(key, VerificationKey):
        raise _Unusable("its numbers are not a public key")
    return key
