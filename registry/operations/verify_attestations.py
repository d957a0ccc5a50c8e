"""Verifies stored attestations again, against the roots of trust as they are now."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import audit
from registry.actors import Actor
from registry.formats.attestation import InvalidAttestation
from registry.models import Attestation, Crate
from registry.operations.attest import examine, note_attested

# Rows, with up to half a megabyte of bundles each.
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure` says why an attestation does not hold; `changed` whether it did or did not."""

    attestation: str
    failure: str
    changed: bool

    def __str__(self) -> str:
        state = f"does not verify: {self.failure}" if self.failure else "verified"
        return f"{self.attestation}: {state}{', which is new' if self.changed else ''}"


def verify_again(
    *, actor: Actor, crate_name: str = "", after: int = 0, limit: int | None = None
) -> Iterator[tuple[int, Outcome]]:
    """Each attestation by its key, in that order, from behind `after`; it may be run again.

    Raises NoTrustRoots or UnreadableTrustRoot, which change nothing of what they would concern.
    """
    left = limit
    while left is None or left > 0:
        rows = Attestation.objects.filter(pk__gt=after).order_by("pk")
        if crate_name:
            rows = rows.filter(version__crate__name=crate_name)
        size = AT_ONCE if left is None else min(left, AT_ONCE)
        keys = list(rows.values_list("pk", "version__crate")[:size])
        for key, crate in keys:
            if outcome := _verify(actor, key, crate):
                yield key, outcome
            after = key
        if len(keys) < size:
            return
        left = None if left is None else left - size


@transaction.atomic
def _verify(actor: Actor, key: int, crate_id: int) -> Outcome | None:
    """With the crate locked, as whatever changes a version; None for what is gone meanwhile."""
    rows = Attestation.objects.select_related("version__crate", "version__provenance")
    crate = Crate.everything.locked().filter(pk=crate_id).first()
    attestation = rows.filter(pk=key).first()
    if crate is None or attestation is None:
        return None
    before = attestation.failure
    _examine(attestation)
    attestation.save()
    changed = bool(before) != bool(attestation.failure)
    if changed:
        _note_change(actor, crate, attestation)
    return Outcome(str(attestation), attestation.failure, changed)


def _examine(attestation: Attestation) -> None:
    version = attestation.version
    try:
        examined = examine(version, version.provenance, bytes(attestation.bundle))
    except InvalidAttestation as error:
        # Since when it fails, and as what it was verified last, is kept.
        attestation.failure = str(error)
        attestation.failed_at = attestation.failed_at or timezone.now()
        return
    for name, value in examined.columns.items():
        setattr(attestation, name, value)


def _note_change(actor: Actor, crate: Crate, attestation: Attestation) -> None:
    note_attested(crate, attestation.version.provenance)
    audit.record(
        "version.attestation_failed" if attestation.failure else "version.attestation_restored",
        actor=actor,
        crate=crate.name,
        subject=str(attestation.version),
        after={
            "predicate_type": attestation.predicate_type,
            "sha256": attestation.sha256,
            "failure": attestation.failure,
        },
    )
