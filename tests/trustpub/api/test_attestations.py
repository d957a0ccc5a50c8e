"""PUT and GET .../attestations: what a CI job signed about the version that it published."""

import hashlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Attestation, Crate, Provenance, Version
from registry.operations.quarantine import quarantine_crate, quarantine_version
from registry.operations.yank import yank
from tests.ci import let_found, publish_token
from tests.factories.archives import build_crate
from tests.factories.sigstore import PROVENANCE, PUBLISH, Json, Sigstore, github_job, statement
from tests.wire import publish, refusal, send
from trustpub.models import Issuer, PublisherCrate, PublishToken

PATH = "/api/v1/crates/tide/1.0.0/attestations"
SHELL = System("tests")
sigstore = Sigstore()


@pytest.fixture(autouse=True)
def trust_root(settings: LazySettings, tmp_path: Path) -> Path:
    path = tmp_path / "trusted_root.json"
    path.write_bytes(sigstore.trusted_root)
    settings.ATTESTATION_TRUST_ROOTS = (path,)
    return path


@pytest.fixture
def token(grant: PublisherCrate, ci: LocalIssuer) -> str:
    """The one that published tide 1.0.0."""
    text = publish_token(ci)
    assert publish(text, "tide", "1.0.0").status_code == 200
    return text


def made(ci: LocalIssuer, kind: str = PROVENANCE, *, version: str = "1.0.0", **how: Any) -> Json:
    """By the job of `demo.claims`, about tide."""
    checksum = Version.everything.get(crate__name="tide", num=version).checksum
    return sigstore.bundle(
        statement(f"tide-{version}.crate", checksum, kind), github_job(ci.url), **how
    )


def put(token: str | None, *bundles: Json, path: str = PATH) -> Any:
    return send("PUT", path, token, {"attestations": bundles})


def refused(answer: Any, check: str) -> None:
    """And nothing stays of it."""
    assert refusal(answer, 400)["check"] == check
    assert not Attestation.objects.exists()
    assert Provenance.objects.get().attested == ""


def test_what_was_sent_is_served_byte_by_byte(token: str, ci: LocalIssuer) -> None:
    bundle = json.dumps(made(ci, log_index=41), indent=1).encode()

    answer = send("PUT", PATH, token, b'{"attestations": [%s]}' % bundle)

    assert answer.status_code == 200, answer.content
    read = send("GET", PATH)
    assert read.content.startswith(b'{"attestations":[%s],"verifications":[' % bundle)
    assert read["Content-Type"] == "application/json"
    assert read["Cache-Control"] == "public, no-cache"
    [verification] = read.json()["verifications"]
    assert verification["predicate_type"] == PROVENANCE
    assert verification["verified"] is True
    assert verification["verifier"].startswith("sigstore ")
    assert verification["trust_root"].startswith("trusted_root.json ")
    assert verification["log_index"] == 41
    assert verification["certificate"]["run"].endswith("/17533210044/attempts/1")
    assert Client().get(PATH, headers={"If-None-Match": read["ETag"]}).status_code == 304
    event = AuditEvent.objects.get(name="version.attested")
    assert event.subject == "tide@1.0.0"
    assert event.after["attestations"] == [
        {"predicate_type": PROVENANCE, "sha256": verification["sha256"]}
    ]


def test_the_version_says_so(token: str, ci: LocalIssuer) -> None:
    version = "/api/v1/crates/tide/1.0.0"
    before = send("GET", version).json()["version"]
    whole = send("GET", "/api/v1/crates/tide")

    put(token, made(ci))

    after = send("GET", version).json()["version"]
    assert before["provenance"]["evidence"] == "trusted_publishing"
    assert after["provenance"]["evidence"] == "trusted_publishing_attested"
    assert before["links"]["attestations"] is None
    assert after["links"]["attestations"] == PATH
    page = Client().get("/crates/tide/1.0.0").content.decode()
    for fact in ("How it was built", PROVENANCE, "trusted_root.json", "github-hosted", "entry"):
        assert fact in page
    assert f'href="{after["provenance"]["links"]["tree"]}"' in page
    # Nor is an older rendering of the crate kept.
    assert send("GET", "/api/v1/crates/tide")["ETag"] != whole["ETag"]


def test_the_same_again_changes_nothing_and_another_is_refused(token: str, ci: LocalIssuer) -> None:
    first, second = made(ci), made(ci, PUBLISH)
    assert put(token, first).status_code == 200

    assert put(token, first).status_code == 200
    assert put(token, first, second).status_code == 200
    error = refusal(put(token, made(ci)), 409)

    assert error["code"] == "attestation_exists"
    assert Attestation.objects.count() == 2
    assert AuditEvent.objects.filter(name="version.attested").count() == 2


def test_all_of_an_upload_or_nothing(token: str, ci: LocalIssuer) -> None:
    bad = made(ci, PUBLISH)
    bad["dsseEnvelope"]["signatures"][0]["sig"] = "MEUCIQ=="

    refused(put(token, made(ci), bad), "signature")
    refused(put(token, made(ci), made(ci)), "count")
    refused(put(token, made(ci), made(ci), made(ci, PUBLISH)), "count")


@pytest.mark.once
def test_a_bundle_must_be_about_this_version_by_this_job(token: str, ci: LocalIssuer) -> None:
    checksum = Version.objects.get().checksum
    good, job = statement("tide-1.0.0.crate", checksum), github_job(ci.url)

    for signed, by, check in (
        (statement("tide-1.0.1.crate", checksum), job, "subject"),
        (statement("tide-1.0.0.crate", "00" * 32), job, "digest"),
        (statement("tide-1.0.0.crate", checksum, "https://example.com/v1"), job, "predicate_type"),
        (good, github_job("https://issuer.example"), "identity"),
        (good, job.but(_15="1"), "identity"),
        (good, job.but(_17="1"), "identity"),
        (good, job.but(_18=job.extensions[18].replace("release", "test")), "identity"),
        (good, github_job(ci.url, run_id="17533210045"), "identity"),
        (good, github_job(ci.url, run_attempt="2"), "identity"),
    ):
        refused(put(token, sigstore.bundle(signed, by)), check)
    stranger = Sigstore().bundle(good, job)
    refused(put(token, stranger), "signature")
    expired = timezone.now() + timedelta(hours=1)
    refused(put(token, sigstore.bundle(good, job, logged_at=expired)), "signature")
    assert put(token, sigstore.bundle(good, job)).status_code == 200


@pytest.mark.once
def test_an_upload_has_a_largest_size(token: str, ci: LocalIssuer) -> None:
    large = made(ci) | {"padding": "x" * 256 * 1024}

    assert refusal(put(token, large), 413)["code"] == "upload_too_large"
    assert refusal(put(token, large, large), 413)["code"] == "upload_too_large"
    assert not Attestation.objects.exists()


def test_no_other_token_will_do(
    token: str, ci: LocalIssuer, alice_token: str, charlie_token: str
) -> None:
    bundle = made(ci)
    other = publish_token(ci)

    assert refusal(put(other, bundle), 403)["code"] == "not_the_publisher"
    assert refusal(put(alice_token, bundle), 403)["code"] == "not_the_publisher"
    assert refusal(put(charlie_token, bundle), 403)["code"] == "not_the_publisher"
    assert refusal(put(None, bundle), 403)["code"] == "authentication_required"
    assert not Attestation.objects.exists()
    assert put(token, bundle).status_code == 200


def test_a_token_that_has_expired_or_was_revoked_attests_nothing(
    token: str, ci: LocalIssuer, grant: PublisherCrate
) -> None:
    bundle, now = made(ci), timezone.now()
    rows = PublishToken.objects.all()

    for changes in (
        {"issued_at": now - timedelta(hours=1), "expires_at": now},
        {"expires_at": now + timedelta(hours=1), "revoked_at": now},
    ):
        rows.update(**changes)
        assert refusal(put(token, bundle), 403)["code"] == "invalid_publish_token"
    rows.update(revoked_at=None)
    grant.delete()
    assert refusal(put(token, bundle), 403)["code"] == "token_does_not_cover"
    assert not Attestation.objects.exists()


def test_what_a_person_published_has_no_attestations(
    tide: Crate, grant: PublisherCrate, ci: LocalIssuer, alice_token: str
) -> None:
    assert publish(alice_token, "tide", "1.0.0").status_code == 200
    bundle = made(ci)

    assert refusal(put(alice_token, bundle), 403)["code"] == "not_the_publisher"
    assert refusal(put(publish_token(ci), bundle), 403)["code"] == "not_the_publisher"


def test_a_crate_that_the_job_founded_is_attested_too(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("tide", alice, issuer)
    token = publish_token(ci)
    assert publish(token, "tide", "1.0.0").status_code == 200

    assert put(token, made(ci)).status_code == 200


def test_a_yank_takes_no_attestation_away(token: str, ci: LocalIssuer) -> None:
    put(token, made(ci))

    yank(actor=SHELL, version=Version.objects.get())

    assert send("GET", PATH).status_code == 200
    assert put(token, made(ci, PUBLISH)).status_code == 200


def test_another_token_for_the_archive_attests_it_within_the_run(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    """The one that published it never left cargo, and is used up."""
    crate = build_crate("tide", "1.0.0")
    bound = {"name": "tide", "vers": "1.0.0", "cksum": hashlib.sha256(crate).hexdigest()}
    used = publish_token(ci, bind=bound)
    assert publish(used, "tide", "1.0.0", crate=crate).status_code == 200
    bundle = made(ci)

    assert refusal(put(used, bundle), 403)["code"] == "invalid_publish_token"
    for token in (
        publish_token(ci),
        publish_token(ci, bind=bound | {"vers": "1.0.1"}),
        publish_token(ci, bind=bound | {"cksum": "00" * 32}),
        publish_token(ci, bind=bound, claims={"run_id": "17533210045"}),
        publish_token(ci, bind=bound, claims={"run_attempt": "2"}),
    ):
        assert refusal(put(token, bundle), 403)["code"] == "not_the_publisher"
    assert put(publish_token(ci, bind=bound), bundle).status_code == 200


def test_what_is_not_there_and_what_is_held_back(token: str, ci: LocalIssuer) -> None:
    for path in (PATH, PATH.replace("1.0.0", "2.0.0"), PATH.replace("tide", "none")):
        assert refusal(send("GET", path), 404)["code"] == "not_found"
    bundle = made(ci)
    put(token, bundle)

    quarantine_version(actor=SHELL, version=Version.objects.get(), reason="")
    assert refusal(send("GET", PATH), 403)["code"] == "quarantined"
    assert refusal(put(token, bundle), 403)["code"] == "quarantined"
    quarantine_crate(actor=SHELL, crate=Crate.everything.get(), reason="")
    assert refusal(send("GET", PATH), 403)["code"] == "quarantined"


@pytest.mark.once
def test_without_a_root_of_trust_nothing_is_taken(
    token: str, ci: LocalIssuer, settings: LazySettings, trust_root: Path
) -> None:
    bundle, good = made(ci), trust_root.read_bytes()

    settings.ATTESTATION_TRUST_ROOTS = ()
    assert refusal(put(token, bundle), 503)["code"] == "attestations_off"
    settings.ATTESTATION_TRUST_ROOTS = (trust_root,)
    for broken in (b"", b"{}", good[:-9]):
        trust_root.write_bytes(broken)
        assert refusal(put(token, bundle), 503)["code"] == "trust_root_unavailable"
    trust_root.unlink()
    assert refusal(put(token, bundle), 503)["code"] == "trust_root_unavailable"
    assert not Attestation.objects.exists()
    # One to a line: another instance's, one without a log, and the one before.
    roots = (Sigstore().trusted_root, sigstore.trusted_root_without_log, good)
    trust_root.write_bytes(b"\n".join(roots))
    stamped = sigstore.stamped(made(ci, PUBLISH), timezone.now())
    assert put(token, bundle, stamped).status_code == 200


@pytest.mark.once
def test_the_private_mode_holds_here_too(
    token: str, ci: LocalIssuer, alice_token: str, settings: LazySettings
) -> None:
    put(token, made(ci))
    settings.AUTH_REQUIRED = True

    assert refusal(send("GET", PATH), 401)
    assert send("GET", PATH, alice_token)["Cache-Control"] == "private, no-cache"


@pytest.mark.once
def test_attempts_are_counted(token: str, ci: LocalIssuer, settings: LazySettings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "attest": (1, 60)}

    assert put(token, {}).status_code == 400
    answer = put(token, made(ci))

    assert refusal(answer, 429)["code"] == "rate_limited"
    assert answer["Retry-After"]


@pytest.mark.once
def test_what_is_stored_is_verified_again(
    token: str, ci: LocalIssuer, settings: LazySettings, trust_root: Path
) -> None:
    put(token, made(ci), made(ci, PUBLISH))
    good = trust_root.read_bytes()

    for path in ((), (trust_root.with_name("none"),)):
        settings.ATTESTATION_TRUST_ROOTS = path
        with pytest.raises(CommandError):
            call_command("verify_attestations")
        assert level() == "trusted_publishing_attested"
    settings.ATTESTATION_TRUST_ROOTS = (trust_root,)
    assert "2 verified, 0 failed" in verify_again()
    assert "1 verified, 0 failed" in verify_again(limit=1)
    trust_root.write_bytes(Sigstore().trusted_root)
    for _ in range(2):
        with pytest.raises(CommandError, match="2 attestations do not verify"):
            verify_again(crate="tide")
        assert level() == "trusted_publishing"
    page = Client().get("/crates/tide/1.0.0").content.decode()
    assert "It does not verify any more" in page
    assert [v["verified"] for v in send("GET", PATH).json()["verifications"]] == [False, False]
    trust_root.write_bytes(good)
    assert "2 verified, 0 failed" in verify_again()
    assert level() == "trusted_publishing_attested"
    names = AuditEvent.objects.filter(name__startswith="version.attestation_")
    assert list(names.order_by("pk").values_list("name", flat=True)) == [
        *["version.attestation_failed"] * 2,
        *["version.attestation_restored"] * 2,
    ]


def level() -> str:
    version = send("GET", "/api/v1/crates/tide/1.0.0").json()["version"]
    return str(version["provenance"]["evidence"])


def verify_again(**options: Any) -> str:
    output = StringIO()
    call_command("verify_attestations", stdout=output, **options)
    return output.getvalue()
