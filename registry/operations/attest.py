"""Adds attestations to a version: signed statements of the CI job that published it (f.4).

`cargo publish` has no field for them, so they come afterwards, with the same publish token.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.scopes import Scope
from registry import trust_roots
from registry.actors import Actor
from registry.errors import (
    AttestationExists,
    AttestationRefused,
    AttestationsOff,
    InQuarantine,
    NotThePublisher,
    TrustRootUnavailable,
    UploadTooLarge,
)
from registry.formats.attestation import (
    Check,
    InvalidAttestation,
    Predicate,
    bundles_in,
    check_subject,
    payload_of,
    read_statement,
)
from registry.formats.errors import TooLarge
from registry.formats.signer import Signer, check_signer
from registry.models import (
    Attestation,
    Attested,
    Crate,
    LimitedAction,
    Provenance,
    Version,
)
from registry.operations import index
from registry.operations.rate_limits import take_token
from registry.policies import Action, require_rights, require_scope
from registry.queries.lookup import held


@dataclass(frozen=True, slots=True)
class Examined:
    """A bundle that holds, and the columns that its row gets."""

    predicate: Predicate
    columns: dict[str, Any]


def attest(*, actor: Actor, version: Version, body: bytes) -> None:
    """Takes all bundles of the upload or none; what is there already, byte by byte, is left.

    Raises a Refusal.
    """
    provenance = _own_provenance(actor, version)
    take_token(actor, LimitedAction.ATTEST, version.crate.name)
    actor.look_up_rights(version.crate)
    found = _examined(version, provenance, body)
    with transaction.atomic():
        crate = held(version.crate_id)
        require_rights(actor, Action.PUBLISH, crate)
        current = Version.everything.select_related("crate").get(pk=version.pk)
        if current.hidden_at:
            raise InQuarantine(str(current))
        _add(actor, crate, current, found)


def examine(version: Version, provenance: Provenance, bundle: bytes) -> Examined:
    """Checks that the bundle is about this version and by the job that published it.

    Raises InvalidAttestation, or what trust_roots.verify raises beside it.
    """
    payload = payload_of(bundle)
    # Before the costly part, so that most mistakes are cheap; the verified payload is this one.
    statement = read_statement(payload)
    check_subject(statement, version.file_name(), version.checksum)
    if provenance.signer is None:
        raise InvalidAttestation(
            Check.IDENTITY, "no certificate can name a job of this CI system: nothing to compare"
        )
    verified, root = trust_roots.verify(bundle)
    if verified.payload != payload:
        raise InvalidAttestation(Check.SIGNATURE, "the signature is of another statement")
    check_signer(verified.claims, Signer.from_dict(provenance.signer))
    facts = {
        "claims": dict(verified.claims),
        "log_index": verified.log_index,
        "log_id": verified.log_id,
    }
    columns = {
        "verifier": verified.verifier,
        "root": root,
        "verified_at": timezone.now(),
        "signed_at": verified.signed_at,
        "facts": facts,
        "failure": "",
        "failed_at": None,
    }
    return Examined(statement.predicate, columns)


def note_attested(crate: Crate, provenance: Provenance) -> None:
    """What the version's row of provenance says, from its attestations; with the crate locked."""
    failures = list(provenance.version.attestations.values_list("failure", flat=True))
    if "" in failures:
        provenance.attested = Attested.VERIFIED
    else:
        provenance.attested = Attested.FAILED if failures else Attested.NOTHING
    provenance.save(update_fields=["attested"])
    # What was rendered of the crate is out of date (decision 0031).
    crate.save(update_fields=["updated_at"])
    index.note_change(crate)


def _own_provenance(actor: Actor, version: Version) -> Provenance:
    """Of a version that this actor published."""
    if version.hidden_at or version.crate.hidden_at:
        raise InQuarantine(str(version))
    require_scope(actor, Scope.PUBLISH_UPDATE, version.crate.name)
    provenance: Provenance | None = getattr(version, "provenance", None)
    if provenance is None or not actor.has_published(version, provenance):
        raise NotThePublisher(str(version))
    actor.check_may_publish()
    return provenance


def _examined(
    version: Version, provenance: Provenance, body: bytes
) -> dict[Predicate, tuple[bytes, Examined]]:
    """Every bundle of the upload by what it states; raises a Refusal."""
    found: dict[Predicate, tuple[bytes, Examined]] = {}
    try:
        for bundle in bundles_in(body):
            examined = examine(version, provenance, bundle)
            if examined.predicate in found:
                raise InvalidAttestation(
                    Check.COUNT, f"two attestations have the type `{examined.predicate}`"
                )
            found[examined.predicate] = (bundle, examined)
    except TooLarge as error:
        raise UploadTooLarge(str(error)) from None
    except InvalidAttestation as error:
        raise AttestationRefused(str(error), error.check) from None
    except trust_roots.NoTrustRoots:
        raise AttestationsOff from None
    except trust_roots.UnreadableTrustRoot:
        raise TrustRootUnavailable from None
    return found


def _add(
    actor: Actor,
    crate: Crate,
    version: Version,
    found: dict[Predicate, tuple[bytes, Examined]],
) -> None:
    there = dict(version.attestations.values_list("predicate_type", "sha256"))
    added = []
    for predicate, (bundle, examined) in found.items():
        digest = hashlib.sha256(bundle).hexdigest()
        if there.get(predicate) == digest:
            continue
        if predicate in there:
            raise AttestationExists(str(version), predicate)
        Attestation.objects.create(
            version=version,
            predicate_type=predicate,
            bundle=bundle,
            sha256=digest,
            **examined.columns,
        )
        added.append({"predicate_type": predicate.value, "sha256": digest})
    if added:
        note_attested(crate, version.provenance)
        audit.record(
            "version.attested",
            actor=actor,
            crate=crate.name,
            subject=str(version),
            after={"attestations": added},
        )
