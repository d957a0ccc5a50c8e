"""Bundles without a log entry, as GitHub signs them for private repositories."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.formats.attestation import InvalidAttestation, InvalidRoot
from registry.formats.timestamped_bundle import TimestampedRoot
from tests.factories.sigstore import LIFETIME, Json, Keys, Sigstore, github_job, statement

SIGNED = statement("tide-1.0.0.crate", "5f" * 32)
JOB = github_job("https://issuer.example")
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
sigstore = Sigstore()
root = TimestampedRoot(sigstore.trusted_root_without_log)


def bundle(instance: Sigstore = sigstore, *, stamped_at: datetime = AT) -> Json:
    return sigstore.stamped(instance.bundle(SIGNED, JOB, at=AT), stamped_at)


def verify(made: Json) -> Any:
    return root.verify(json.dumps(made).encode())


def test_a_trusted_timestamp_is_as_good_as_a_log() -> None:
    verified = verify(bundle())

    assert json.loads(verified.payload) == SIGNED
    assert verified.signed_at == AT
    assert verified.claims["source_repository_id"] == "702113958"
    assert (verified.log_index, verified.log_id) == (None, "")
    assert verified.verifier.startswith("cryptography ")


def no_timestamp(made: Json) -> None:
    made["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = []


def two_timestamps(made: Json) -> None:
    made["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] *= 2


def anothers_timestamp(made: Json) -> None:
    made["verificationMaterial"]["timestampVerificationData"] = bundle()["verificationMaterial"][
        "timestampVerificationData"
    ]


def another_clock(made: Json) -> None:
    made["verificationMaterial"] = Sigstore().stamped(made, AT)["verificationMaterial"]


def other_payload(made: Json) -> None:
    other = statement("tide-1.0.0.crate", "00" * 32)
    made["dsseEnvelope"]["payload"] = b64encode(json.dumps(other).encode()).decode()


def other_type(made: Json) -> None:
    made["dsseEnvelope"]["payloadType"] = "text/plain"


def other_certificate(made: Json) -> None:
    made["verificationMaterial"]["certificate"] = bundle()["verificationMaterial"]["certificate"]


def no_certificate(made: Json) -> None:
    del made["verificationMaterial"]["certificate"]


@pytest.mark.parametrize(
    "change",
    [
        no_timestamp,
        two_timestamps,
        anothers_timestamp,
        another_clock,
        other_payload,
        other_type,
        other_certificate,
        no_certificate,
    ],
)
def test_a_bundle_that_was_changed_is_refused(change: Callable[[Json], None]) -> None:
    made = bundle()
    change(made)

    with pytest.raises(InvalidAttestation):
        verify(made)


def test_the_authority_and_the_time_count() -> None:
    made = [
        bundle(sigstore.impostor(authority=Keys().authority)),
        bundle(stamped_at=AT + LIFETIME + timedelta(seconds=1)),
        bundle(stamped_at=AT - timedelta(seconds=1)),
    ]

    for one in made:
        with pytest.raises(InvalidAttestation):
            verify(one)
    later = sigstore.trusted_root_without_log.replace(b"2020-01-01", b"2026-06-01")
    with pytest.raises(InvalidAttestation):
        TimestampedRoot(later).verify(json.dumps(bundle()).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"certificateAuthorities": []},
        {"timestampAuthorities": []},
        {"timestampAuthorities": [{"certChain": {"certificates": [{"rawBytes": "AAAA"}]}}]},
        {"certificateAuthorities": [{}]},
        {"certificateAuthorities": 7},
    ],
)
def test_whatever_is_no_root_is_refused(changes: dict[str, object]) -> None:
    stated = json.loads(sigstore.trusted_root_without_log) | changes

    with pytest.raises(InvalidRoot):
        TimestampedRoot(json.dumps(stated).encode())
