"""Builds ID tokens: honest ones from the fixtures, and those that an attacker would send."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo.issuer import SigningKey, new_key
from trustpub.jwt import VerifiedClaims

FIXTURES = Path(__file__).parent.parent / "fixtures" / "id_tokens"
AUDIENCE = "reg.example"
NOW = datetime.fromtimestamp(1787400060, UTC)  # a minute after the fixtures' `iat`


@cache
def signing_key() -> SigningKey:
    """The issuer's key, made once per run because making one is slow."""
    return new_key()


@cache
def stranger_key() -> SigningKey:
    """A key that no issuer publishes."""
    return new_key()


def claims_of(provider: str, variant: str | None = None, **changes: object) -> dict[str, object]:
    """The fixture's claims with a variant and changes laid over them; None removes a claim."""
    layers = {**_load(provider), **(variants_of(provider)[variant] if variant else {}), **changes}
    return {name: value for name, value in layers.items() if value is not None}


def variants_of(provider: str) -> dict[str, dict[str, object]]:
    return _load(f"{provider}_variants")


@cache
def contract_of(provider: str) -> Mapping[str, Any]:
    """What the contract test needs to know of a provider besides its claims.

    `row` and `web_url` of its issuer, `path` of `iss` below a host, `row_path` where the row has
    another, `options` of the row, a publisher's `fields`, `altered` claims that must not be
    granted, variants in which the identity `changed`, and those in which it was `renamed`.
    """
    return _load(f"{provider}_contract")


def issuer_of(provider: str) -> str:
    """`iss` of the example."""
    return str(claims_of(provider)["iss"])


def verified(provider: str, variant: str | None = None, **changes: object) -> VerifiedClaims:
    return VerifiedClaims(claims_of(provider, variant, **changes))


def token_text(
    claims: Mapping[str, object] | bytes,
    *,
    key: SigningKey | None = None,
    header: Mapping[str, object] | bytes | None = None,
) -> str:
    """A token with a valid RS256 signature over any header and payload, however odd."""
    signer = key or signing_key()
    members = header if header is not None else {"alg": "RS256", "typ": "JWT", "kid": signer.kid}
    signed = f"{segment(members)}.{segment(claims)}"
    signature = signer.private_key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{segment(signature)}"


def segment(content: Mapping[str, object] | bytes) -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def attacks(claims: Mapping[str, object], key: SigningKey) -> dict[str, str]:
    """Tokens that must be refused before anything is believed, by the name of the trick.

    `claims` are such that `token_text(claims, key=key)` would be accepted.
    """
    head = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
    honest = token_text(claims, key=key)
    return {
        **_header_attacks(claims, key, head),
        **_signature_attacks(claims, key, head, honest),
        **_shape_attacks(claims, key, head, honest),
    }


def _header_attacks(
    claims: Mapping[str, object], key: SigningKey, head: Mapping[str, object]
) -> dict[str, str]:
    signed = {
        "crit": {**head, "crit": ["exp"]},
        "b64": {**head, "b64": True},
        "no kid": {name: value for name, value in head.items() if name != "kid"},
        "numeric kid": {**head, "kid": 7},
        "long kid": {**head, "kid": "k" * 257},
        "empty kid": {**head, "kid": ""},
        "alg absent": {name: value for name, value in head.items() if name != "alg"},
        "alg a list": {**head, "alg": ["RS256"]},
        "alg of another family": {**head, "alg": "PS256"},
        "alg unknown": {**head, "alg": "RS1"},
    }
    tokens = {name: token_text(claims, key=key, header=header) for name, header in signed.items()}
    own = stranger_key()
    for name in ("jwk", "jku", "x5u", "x5c"):
        pointer: object = own.public_jwk() if name == "jwk" else "https://evil.example/keys"
        tokens[f"{name} in header"] = token_text(claims, key=own, header={**head, name: pointer})
    return tokens


def _signature_attacks(
    claims: Mapping[str, object], key: SigningKey, head: Mapping[str, object], honest: str
) -> dict[str, str]:
    header_part, payload_part, signature = honest.split(".")
    altered = segment({**claims, "repository": "stranger/tidepool"})
    tokens = {
        "altered payload": f"{header_part}.{altered}.{signature}",
        "altered header": f"{segment({**head, 'x': 1})}.{payload_part}.{signature}",
        "signature of another key": token_text(claims, key=stranger_key(), header=head),
        "empty signature": f"{header_part}.{payload_part}.",
        "garbage signature": f"{header_part}.{payload_part}.{segment(b'x' * 256)}",
    }
    for name in ("none", "None", "NONE"):
        unsigned = f"{segment({**head, 'alg': name})}.{payload_part}"
        tokens[f"alg {name} without signature"] = f"{unsigned}."
        tokens[f"alg {name} with signature"] = f"{unsigned}.{signature}"
    public = key.private_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    for size, digest in (("256", hashlib.sha256), ("384", hashlib.sha384)):
        signed = f"{segment({**head, 'alg': f'HS{size}'})}.{payload_part}"
        code = hmac.new(public, signed.encode(), digest).digest()
        tokens[f"HS{size} with the public key"] = f"{signed}.{segment(code)}"
    return tokens


def _shape_attacks(
    claims: Mapping[str, object], key: SigningKey, head: Mapping[str, object], honest: str
) -> dict[str, str]:
    inner = json.dumps(claims)[1:].encode()
    header_part, payload_part, signature = honest.split(".")
    payloads: dict[str, bytes] = {
        "duplicate claim": b'{"repository": "stranger/tidepool", ' + inner,
        "duplicate key further down": b'{"deep": [{"a": 1, "a": 2}], ' + inner,
        "nested too deeply": b'{"deep": [[[[1]]]], ' + inner,
        "ten thousand arrays": b'{"deep": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        "unclosed arrays": b'{"deep": ' + b"[" * 9000,
        "too many claims": json.dumps({**claims, **{f"c{n}": n for n in range(128)}}).encode(),
        "NaN": b'{"exp2": NaN, ' + inner,
        "half a surrogate pair": rb'{"extra": "\ud800", ' + inner,
        "not UTF-8": b'{"extra": "\xff", ' + inner,
        "a list": b"[1]",
        "a text": b'"iss"',
        "an endless number": b'{"exp2": ' + b"9" * 5000 + b", " + inner,
        "17 KiB": json.dumps({**claims, "padding": "x" * 17 * 1024}).encode(),
        "no issuer": json.dumps({n: v for n, v in claims.items() if n != "iss"}).encode(),
        "issuer a list": json.dumps({**claims, "iss": [claims["iss"]]}).encode(),
    }
    tokens = {name: token_text(data, key=key, header=head) for name, data in payloads.items()}
    duplicate = b'{"alg": "none", ' + json.dumps(head)[1:].encode()
    return {
        **tokens,
        "duplicate header member": token_text(claims, key=key, header=duplicate),
        "empty": "",
        "two parts": f"{header_part}.{payload_part}",
        "four parts": f"{honest}.{signature}",
        "five parts": f"{honest}.{payload_part}.{signature}",
        "padding": f"{header_part}=.{payload_part}.{signature}",
        "line break": f"{header_part}.{payload_part}.{signature}\n",
        "space": f"{header_part}. {payload_part}.{signature}",
        "standard alphabet": f"{header_part}.{payload_part}.+{signature[1:]}",
        "letters beyond ASCII": f"{header_part}.{payload_part}.é{signature[1:]}",
        "stray bits": f"{header_part}.{payload_part}.{_with_stray_bits(signature)}",
    }


def _with_stray_bits(signature: str) -> str:
    # 256 bytes leave four unused bits in the last character, which a lax decoder ignores.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


def _load(name: str) -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded
