"""Bundles signed by a Sigstore of our own, each wrong in one place."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.formats.attestation import InvalidAttestation, InvalidRoot
from registry.formats.signer import Signer, certified, check_signer
from registry.formats.sigstore_bundle import SigstoreRoot
from tests.factories.sigstore import LIFETIME, Job, Json, Keys, Sigstore, github_job, statement

FILE = "tide-1.0.0.crate"
SHA256 = "5f" * 32
JOB = github_job("https://issuer.example")
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
sigstore = Sigstore()
root = SigstoreRoot(sigstore.trusted_root)


def bundle(**how: Any) -> Json:
    return sigstore.bundle(statement(FILE, SHA256), JOB, **({"at": AT} | how))


def test_what_a_good_bundle_proves() -> None:
    verified = root.verify(json.dumps(bundle()).encode())

    assert json.loads(verified.payload) == statement(FILE, SHA256)
    assert verified.signed_at == AT
    assert verified.log_index == 7
    assert verified.verifier.startswith("sigstore ")
    assert verified.claims["issuer"] == "https://issuer.example"
    assert verified.claims["source_repository_id"] == "702113958"
    assert verified.claims["runner_environment"] == "github-hosted"


def other_payload(made: Json) -> None:
    made["dsseEnvelope"]["payload"] = b64encode(
        json.dumps(statement(FILE, "00" * 32)).encode()
    ).decode()


def other_type(made: Json) -> None:
    made["dsseEnvelope"]["payloadType"] = "text/plain"


def two_signatures(made: Json) -> None:
    made["dsseEnvelope"]["signatures"] *= 2


def no_log_entry(made: Json) -> None:
    made["verificationMaterial"]["tlogEntries"] = []


def entry_of_another_bundle(made: Json) -> None:
    other = bundle()["verificationMaterial"]["tlogEntries"]
    made["verificationMaterial"]["tlogEntries"] = other


def certificate_of_another_bundle(made: Json) -> None:
    made["verificationMaterial"]["certificate"] = bundle()["verificationMaterial"]["certificate"]


def later_than_promised(made: Json) -> None:
    made["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = "1777636801"


def no_promise(made: Json) -> None:
    del made["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]


def elsewhere_in_the_log(made: Json) -> None:
    made["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["logIndex"] = "0"


def larger_tree(made: Json) -> None:
    proof = made["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    proof["checkpoint"]["envelope"] = proof["checkpoint"]["envelope"].replace("\n2\n", "\n3\n")


def no_certificate(made: Json) -> None:
    del made["verificationMaterial"]["certificate"]


def not_a_certificate(made: Json) -> None:
    made["verificationMaterial"]["certificate"]["rawBytes"] = b64encode(b"no").decode()


def changed_certificate(made: Json) -> None:
    """One letter of an extension, so that the authority's signature is of another."""
    raw = b64decode(made["verificationMaterial"]["certificate"]["rawBytes"])
    forged = raw.replace(b"702113958", b"702113959")
    assert forged != raw
    made["verificationMaterial"]["certificate"]["rawBytes"] = b64encode(forged).decode()


def no_message(made: Json) -> None:
    del made["dsseEnvelope"]


@pytest.mark.parametrize(
    "change",
    [
        other_payload,
        other_type,
        two_signatures,
        no_log_entry,
        entry_of_another_bundle,
        certificate_of_another_bundle,
        later_than_promised,
        no_promise,
        elsewhere_in_the_log,
        larger_tree,
        no_certificate,
        not_a_certificate,
        changed_certificate,
        no_message,
    ],
)
def test_a_bundle_that_was_changed_is_refused(change: Callable[[Json], None]) -> None:
    made = bundle()
    change(made)

    with pytest.raises(InvalidAttestation):
        root.verify(json.dumps(made).encode())


@pytest.mark.parametrize("role", ["authority", "certificate_log", "log"])
def test_each_key_counts(role: str) -> None:
    impostor = sigstore.impostor(**{role: getattr(Keys(), role)})
    made = impostor.bundle(statement(FILE, SHA256), JOB, at=AT)

    with pytest.raises(InvalidAttestation):
        root.verify(json.dumps(made).encode())


@pytest.mark.parametrize("late", [LIFETIME + timedelta(seconds=1), timedelta(seconds=-1)])
def test_the_log_must_have_it_while_the_certificate_was_valid(late: timedelta) -> None:
    made = bundle(logged_at=AT + late)

    with pytest.raises(InvalidAttestation):
        root.verify(json.dumps(made).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"{", b'{"mediaType": 1}', b"\xff", b"7"])
def test_whatever_is_no_bundle_is_refused_and_no_error(text: bytes) -> None:
    with pytest.raises(InvalidAttestation):
        root.verify(text)


@pytest.mark.parametrize("text", [b"", b"{}", sigstore.trusted_root.replace(b"MI", b"XX")])
def test_whatever_is_no_root_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidRoot):
        SigstoreRoot(text)


def test_every_claim_that_tells_jobs_apart_is_compared() -> None:
    expected = Signer(
        issuer="https://issuer.example",
        source_repository_id="702113958",
        source_owner_id="9176411",
        build_config=JOB.extensions[18],
        run=JOB.extensions[21],
    )

    check_signer(claims(JOB), expected)

    for number in (8, 15, 17, 18, 21):
        for value in ("", "other", f"{JOB.extensions[number]}0"):
            with pytest.raises(InvalidAttestation):
                check_signer(claims(JOB.but(**{f"_{number}": value})), expected)


def claims(job: Job) -> Any:
    made = sigstore.bundle(statement(FILE, SHA256), job, at=AT)
    return root.verify(json.dumps(made).encode()).claims


def test_an_extension_that_is_no_text_is_refused() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    issuer = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
    for value in (b"", b"\x0c", b"\x0c\x05abc", b"\x02\x01\x01", b"https://issuer.example"):
        key, name = Keys().root, x509.Name([])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT + LIFETIME)
            .add_extension(x509.UnrecognizedExtension(issuer, value), critical=False)
            .sign(key, hashes.SHA256())
        )
        with pytest.raises(InvalidAttestation):
            certified(certificate)
