"""A timestamp authority (RFC 3161): what it signs, and the DER around it."""

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA = "1.2.840.10045.4.3.2"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SEQUENCE, _SET, _OCTETS, _INTEGER, _OID, _TIME = 0x30, 0x31, 0x04, 0x02, 0x06, 0x18


class TimestampAuthority:
    """`chain` is its certificate and the root's."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("time root", root_key, "time root", root_key)
        self.chain = (_certificate("clock", self._key, "time root", root_key), root)

    def stamp(self, message: bytes, at: datetime) -> bytes:
        """A response that says that the message was there at that time."""
        imprint = _der(
            _SEQUENCE, _algorithm(_SHA256), _der(_OCTETS, hashlib.sha256(message).digest())
        )
        info = _der(
            _SEQUENCE,
            _integer(1),
            _oid("1.3.6.1.4.1.57264.2"),
            imprint,
            _integer(7),
            _der(_TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()),
        )
        status = _der(_SEQUENCE, _integer(0))
        content = _der(_SEQUENCE, _oid(_SIGNED_DATA), _der(0xA0, self._signed(info)))
        return _der(_SEQUENCE, status, content)

    def _signed(self, info: bytes) -> bytes:
        attributes = _attribute(_CONTENT_TYPE, _oid(_TST_INFO)) + _attribute(
            _MESSAGE_DIGEST, _der(_OCTETS, hashlib.sha256(info).digest())
        )
        leaf = self.chain[0]
        signature = self._key.sign(_der(_SET, attributes), ec.ECDSA(hashes.SHA256()))
        signer = _der(
            _SEQUENCE,
            _integer(1),
            _der(_SEQUENCE, leaf.issuer.public_bytes(), _integer(leaf.serial_number)),
            _algorithm(_SHA256),
            _der(0xA0, attributes),
            _algorithm(_ECDSA),
            _der(_OCTETS, signature),
        )
        return _der(
            _SEQUENCE,
            _integer(3),
            _der(_SET, _algorithm(_SHA256)),
            _der(_SEQUENCE, _oid(_TST_INFO), _der(0xA0, _der(_OCTETS, info))),
            _der(0xA0, leaf.public_bytes(Encoding.DER)),
            _der(_SET, signer),
        )


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    is_root = name == issuer
    builder = (
        x509.CertificateBuilder(
            _name(issuer), _name(name), key.public_key(), 3, _SINCE, _SINCE + timedelta(days=9999)
        )
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(signer, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(length)]) + length + body


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    encoded = b""
    for number in (first * 40 + second, *others):
        digits = [number & 127]
        while number := number >> 7:
            digits.append(number & 127 | 128)
        encoded += bytes(reversed(digits))
    return _der(_OID, encoded)


def _algorithm(dotted: str) -> bytes:
    return _der(_SEQUENCE, _oid(dotted))


def _attribute(dotted: str, value: bytes) -> bytes:
    return _der(_SEQUENCE, _oid(dotted), _der(_SET, value))
