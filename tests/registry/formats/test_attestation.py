"""What an upload of attestations may look like, before anything is verified."""

import json
from base64 import b64encode
from typing import Any

import pytest

from registry.formats.attestation import (
    MAX_BUNDLE_BYTES,
    MAX_SUBJECTS,
    Check,
    InvalidAttestation,
    bundles_in,
    check_subject,
    payload_of,
    read_statement,
)
from registry.formats.errors import TooLarge
from tests.factories.sigstore import PUBLISH, statement

SHA256 = "5f" * 32
TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def test_bundles_come_out_byte_by_byte() -> None:
    first, second = b'{ "a":1.50,"\\u00e9" : "\xc3\xa9" }', b'{"b":[1,\n2]}'

    assert bundles_in(b'{"attestations":[%s]}' % first) == (first,)
    assert bundles_in(b' {\n"attestations" : [ %s ,\t%s ] }\n' % (first, second)) == (first, second)


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (b"", Check.SHAPE),
        (b"{}", Check.SHAPE),
        (b"[]", Check.SHAPE),
        (b'{"attestations": {}}', Check.SHAPE),
        (b'{"attestations": [{}], "more": 1}', Check.SHAPE),
        (b'{"attestations": [{}], "attestations": [{}]}', Check.SHAPE),
        (b'{"attestation\\u0073": [{}]}', Check.SHAPE),
        (b'{"attestations": [{"a": 1, "a": 2}]}', Check.SHAPE),
        (b'{"attestations": [%s%s]}' % (b"[" * 9999, b"]" * 9999), Check.SHAPE),
        (b'{"attestations": []}', Check.COUNT),
        (b'{"attestations": [{}, {}, {}]}', Check.COUNT),
    ],
)
def test_every_other_body_is_refused(body: bytes, check: Check) -> None:
    with pytest.raises(InvalidAttestation) as refused:
        bundles_in(body)

    assert refused.value.check is check


def test_a_bundle_has_a_largest_size() -> None:
    fits = b'{"a":"%s"}' % (b"x" * (MAX_BUNDLE_BYTES - 8))

    assert bundles_in(b'{"attestations":[%s]}' % fits) == (fits,)
    with pytest.raises(TooLarge):
        bundles_in(b'{"attestations":[%s }]}' % fits[:-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"},
        {"dsseEnvelope": None},
        {"dsseEnvelope": {"payloadType": "text/plain", "payload": ""}},
        {"dsseEnvelope": {"payloadType": "application/vnd.in-toto+json", "payload": "*"}},
        {"dsseEnvelope": {"payloadType": "application/vnd.in-toto+json", "payload": 7}},
    ],
)
def test_what_is_no_bundle_with_a_statement(changes: dict[str, object]) -> None:
    envelope = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": b64encode(b"{}").decode(),
    }
    good = {"mediaType": TYPE, "dsseEnvelope": envelope}

    assert payload_of(json.dumps(good).encode()) == b"{}"
    with pytest.raises(InvalidAttestation):
        payload_of(json.dumps(good | changes).encode())


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, Check.STATEMENT),
        ({"predicateType": "https://slsa.dev/provenance/v0.2"}, Check.PREDICATE_TYPE),
        ({"predicateType": None}, Check.PREDICATE_TYPE),
        ({"subject": []}, Check.SUBJECT),
        ({"subject": [{"name": "tide-1.0.0.crate"}]}, Check.SUBJECT),
        ({"subject": [{"name": "tide-1.0.0.crate", "digest": {"sha512": "5f"}}]}, Check.SUBJECT),
        (
            {"subject": [{"name": "tide-1.0.0.crate", "digest": {"sha256": SHA256}}] * 2},
            Check.SUBJECT,
        ),
        (
            {
                "subject": [
                    {"name": str(number), "digest": {"sha256": SHA256}}
                    for number in range(MAX_SUBJECTS + 1)
                ]
            },
            Check.SUBJECT,
        ),
        ({"subject": [{"name": "tide-1.0.1.crate", "digest": {"sha256": SHA256}}]}, Check.SUBJECT),
        (
            {"subject": [{"name": "tide-1.0.0.crate", "digest": {"sha256": "00" * 32}}]},
            Check.DIGEST,
        ),
    ],
)
def test_what_a_statement_may_not_say(changes: dict[str, Any], check: Check) -> None:
    with pytest.raises(InvalidAttestation) as refused:
        read(statement("tide-1.0.0.crate", SHA256, **changes))

    assert refused.value.check is check


def test_a_statement_may_be_about_a_whole_workspace_and_of_two_kinds() -> None:
    subjects = [
        {"name": f"{name}-1.0.0.crate", "digest": {"sha256": SHA256}} for name in ("shore", "tide")
    ]

    read(statement("", "", subject=subjects))
    read(statement("tide-1.0.0.crate", SHA256, PUBLISH))


def read(made: dict[str, Any]) -> None:
    check_subject(read_statement(json.dumps(made).encode()), "tide-1.0.0.crate", SHA256)
