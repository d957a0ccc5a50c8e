"""A small Sigstore: a certificate authority, a certificate log and a transparency log.

Everything is signed with keys of its own, as the public instance does it with others.
"""

import hashlib
import json
import os
import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from demo.claims import GITHUB_CLAIMS
from tests.factories.timestamps import TimestampAuthority

Json = dict[str, Any]
PROVENANCE = "https://slsa.dev/provenance/v1"
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
LIFETIME = timedelta(minutes=10)
_ARC = "1.3.6.1.4.1.57264.1."
_SHA256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True)
class Job:
    """What a certificate says of a CI job: number of the extension -> text."""

    extensions: Mapping[int, str]

    def but(self, **changed: str) -> "Job":
        """`but(_15="1")` changes extension 15; "" leaves it out."""
        changes = {int(name.strip("_")): value for name, value in changed.items()}
        return Job({k: v for k, v in {**self.extensions, **changes}.items() if v})


def github_job(issuer: str, web: str = "https://forge.example", **claims: object) -> Job:
    """The job of `demo.claims`, as Fulcio puts its ID token into a certificate."""
    job = {**GITHUB_CLAIMS, **claims}
    home = f"{web}/{job['repository']}"
    return Job(
        {
            8: issuer,
            9: f"{web}/{job['job_workflow_ref']}",
            11: str(job["runner_environment"]),
            12: home,
            13: str(job["sha"]),
            14: str(job["ref"]),
            15: str(job["repository_id"]),
            17: str(job["repository_owner_id"]),
            18: f"{web}/{job['workflow_ref']}",
            20: str(job["event_name"]),
            21: f"{home}/actions/runs/{job['run_id']}/attempts/{job['run_attempt']}",
            22: str(job["repository_visibility"]),
        }
    )


def statement(name: str, sha256: str, predicate_type: str = PROVENANCE, **changes: Any) -> Json:
    """About one file; `changes` replace its outer keys."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": sha256}}],
        "predicateType": predicate_type,
        "predicate": {},
    } | changes


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Keys:
    """Who signs what; `replace` one to get an impostor."""

    root: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)


class Sigstore:
    """An instance; bundles are made now unless told otherwise."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys or Keys()

    def impostor(self, **keys: ec.EllipticCurvePrivateKey) -> "Sigstore":
        """The same names with these other keys."""
        return Sigstore(replace(self.keys, **keys))

    @cached_property
    def chain(self) -> tuple[x509.Certificate, x509.Certificate]:
        """The issuing certificate and the root's."""
        root = _authority("root", self.keys.root, "root", self.keys.root)
        return _authority("authority", self.keys.authority, "root", self.keys.root), root

    @cached_property
    def trusted_root(self) -> bytes:
        """As `trusted_root.json` of a real instance."""
        since = {"start": "2020-01-01T00:00:00Z"}
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [_log_instance("https://log.example", self.keys.log, since)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "example", "commonName": "authority"},
                        "uri": "https://fulcio.example",
                        "certChain": {
                            "certificates": [{"rawBytes": _der(cert)} for cert in self.chain]
                        },
                        "validFor": since,
                    }
                ],
                "ctlogs": [_log_instance("https://ct.example", self.keys.certificate_log, since)],
                "timestampAuthorities": [],
            }
        ).encode()

    @cached_property
    def clock(self) -> TimestampAuthority:
        return TimestampAuthority()

    @cached_property
    def trusted_root_without_log(self) -> bytes:
        """As GitHub's own instance, which vouches by timestamps."""
        stated = json.loads(self.trusted_root)
        [authority] = stated["certificateAuthorities"]
        certificates = [{"rawBytes": _der(cert)} for cert in self.clock.chain]
        clock = authority | {"certChain": {"certificates": certificates}}
        return json.dumps(
            stated | {"tlogs": [], "ctlogs": [], "timestampAuthorities": [clock]}
        ).encode()

    def stamped(self, bundle: Json, at: datetime) -> Json:
        """The bundle with a timestamp instead of its log entry."""
        [signature] = bundle["dsseEnvelope"]["signatures"]
        stamp = self.clock.stamp(b64decode(signature["sig"]), at)
        material = bundle["verificationMaterial"] | {
            "tlogEntries": [],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": _b64(stamp)}]},
        }
        return bundle | {"verificationMaterial": material}

    def bundle(
        self,
        signed: Json | bytes,
        job: Job,
        *,
        at: datetime | None = None,
        logged_at: datetime | None = None,
        log_index: int = 7,
    ) -> Json:
        """What `cosign` or an action hands out; `logged_at` is `at` unless told otherwise."""
        at = (at or datetime.now(UTC)).replace(microsecond=0)
        payload = signed if isinstance(signed, bytes) else json.dumps(signed).encode()
        kind = "application/vnd.in-toto+json"
        key = _key()
        certificate = self._certificate(key, job, at)
        signature = key.sign(_pre_authentication(kind, payload), _SHA256)
        entry = self._log_entry(payload, signature, certificate, logged_at or at, log_index)
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _der(certificate)},
                "tlogEntries": [entry],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "dsseEnvelope": {
                "payload": _b64(payload),
                "payloadType": kind,
                "signatures": [{"sig": _b64(signature), "keyid": ""}],
            },
        }

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, job: Job, at: datetime
    ) -> x509.Certificate:
        """Twice: the certificate log signs what goes before its own signature."""
        workflow = x509.UniformResourceIdentifier(job.extensions.get(9) or "https://none.example")
        signer = self.keys.authority
        builder = (
            x509.CertificateBuilder(
                _name("authority"), x509.Name([]), key.public_key(), 77, at, at + LIFETIME
            )
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([workflow]), critical=True)
        )
        for number, text in job.extensions.items():
            oid = x509.ObjectIdentifier(f"{_ARC}{number}")
            value = x509.UnrecognizedExtension(oid, asn1.encode_der(text))
            builder = builder.add_extension(value, critical=False)
        before = builder.sign(signer, hashes.SHA256()).tbs_certificate_bytes
        return builder.add_extension(self._logged(before, at), critical=False).sign(
            signer, hashes.SHA256()
        )

    def _logged(self, before: bytes, at: datetime) -> x509.UnrecognizedExtension:
        """A list of one signed certificate timestamp (RFC 6962, 3.2)."""
        log, time = self.keys.certificate_log, int(at.timestamp() * 1000)
        issuer = _key_id(self.keys.authority)
        length = len(before).to_bytes(3, "big")
        body = struct.pack("!BBQH", 0, 0, time, 1) + issuer + length + before + b"\0\0"
        signature = log.sign(body, _SHA256)
        entry = (
            struct.pack("!B32sQH", 0, _key_id(log), time, 0)
            + struct.pack("!BBH", 4, 3, len(signature))
            + signature
        )
        listed = struct.pack("!HH", len(entry) + 2, len(entry)) + entry
        oid = ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS
        return x509.UnrecognizedExtension(oid, asn1.encode_der(listed))

    def _log_entry(
        self,
        payload: bytes,
        signature: bytes,
        certificate: x509.Certificate,
        at: datetime,
        index: int,
    ) -> Json:
        pem = certificate.public_bytes(Encoding.PEM)
        body = _canonical(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                    "payloadHash": {
                        "algorithm": "sha256",
                        "value": hashlib.sha256(payload).hexdigest(),
                    },
                    "signatures": [{"signature": _b64(signature), "verifier": _b64(pem)}],
                },
            }
        )
        log_id, time = _key_id(self.keys.log), int(at.timestamp())
        promised = _canonical(
            {"body": _b64(body), "integratedTime": time, "logID": log_id.hex(), "logIndex": index}
        )
        return {
            "logIndex": str(index),
            "logId": {"keyId": _b64(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(self.keys.log.sign(promised, _SHA256))
            },
            "inclusionProof": self._proof(body),
            "canonicalizedBody": _b64(body),
        }

    def _proof(self, body: bytes) -> Json:
        """In a tree of two leaves, of which this is the second."""
        leaf, other = hashlib.sha256(b"\0" + body).digest(), os.urandom(32)
        root = hashlib.sha256(b"\1" + other + leaf).digest()
        note = f"log.example - 1\n2\n{_b64(root)}\n"
        signed = _key_id(self.keys.log)[:4] + self.keys.log.sign(note.encode(), _SHA256)
        return {
            "logIndex": "1",
            "treeSize": "2",
            "rootHash": _b64(root),
            "hashes": [_b64(other)],
            "checkpoint": {"envelope": f"{note}\n\u2014 log.example {_b64(signed)}\n"},
        }


def _authority(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    public, since = key.public_key(), datetime(2020, 1, 1, tzinfo=UTC)
    number = 1 if name == issuer else 2
    return (
        x509.CertificateBuilder(
            _name(issuer), _name(name), public, number, since, since + timedelta(days=9999)
        )
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=None if name == issuer else 0), critical=True
        )
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Either of files or of certificates."""
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=not signs,
        crl_sign=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _log_instance(address: str, key: ec.EllipticCurvePrivateKey, since: Json) -> Json:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "baseUrl": address,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _b64(public),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": since,
        },
        "logId": {"keyId": _b64(_key_id(key))},
    }


def _pre_authentication(kind: str, payload: bytes) -> bytes:
    return f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).digest()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _der(certificate: x509.Certificate) -> str:
    return _b64(certificate.public_bytes(Encoding.DER))


def _b64(data: bytes) -> str:
    return b64encode(data).decode()


def _canonical(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
