"""Makes people, crates and versions; a test names only what matters to it."""

import hashlib
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from registry.formats.names import canonical
from registry.formats.semver import Version as Semver
from registry.models import (
    Attestation,
    Crate,
    Dependency,
    Invitation,
    Ownership,
    Provenance,
    PublishKind,
    Version,
)
from registry.operations import search_document, summary, topics
from registry.operations.attest import note_attested

SLSA = "https://slsa.dev/provenance/v1"
SHA = "5f2c8e0d9b7a41c36e8d0f1a2b3c4d5e6f708192"
_numbers = count(1)


def make_user(login: str = "alice", **fields: Any) -> User:
    return User.objects.create(login=login, **fields)


def make_crate(
    name: str | None = None, *, owner: User | None = None, readme: str = "", **fields: Any
) -> Crate:
    """Without versions; owned by `owner` if there is one, and found by `readme`, too."""
    name = name or f"crate-{next(_numbers)}"
    crate = Crate.objects.create(name=name, canonical_name=canonical(name), **fields)
    topics.file_under(crate, keywords=crate.keywords, categories=crate.categories)
    search_document.write(crate, readme=readme)
    if owner:
        Ownership.objects.create(crate=crate, user=owner, created_by=owner)
    return crate


def make_owner(crate: Crate, user: User) -> Ownership:
    """Without asking."""
    return Ownership.objects.create(crate=crate, user=user)


def make_invitation(crate: Crate, invitee: User, inviter: User, **fields: Any) -> Invitation:
    """Live for a day, and without a letter, unless told otherwise."""
    fields.setdefault("expires_at", timezone.now() + timedelta(days=1))
    return Invitation.objects.create(crate=crate, invitee=invitee, inviter=inviter, **fields)


def make_version(
    crate: Crate,
    num: str = "1.0.0",
    *,
    kind: PublishKind | None = PublishKind.TOKEN,
    provenance: dict[str, Any] | None = None,
    created_at: datetime | None = None,
    **fields: Any,
) -> Version:
    """Published by trusted publishing if `kind` says so or `provenance` is given.

    `provenance` names fields that differ from `trusted_fields`; None as `kind` leaves the row out.
    """
    at = created_at or timezone.now().replace(microsecond=0)
    version = Version.objects.create(
        crate=crate,
        num=num,
        num_without_build=Semver.parse(num).without_build,
        created_at=at,
        updated_at=at,
        checksum=hashlib.sha256(f"{crate.name}@{num}".encode()).hexdigest(),
        size=fields.pop("size", 1234),
        **fields,
    )
    if provenance is not None:
        kind = PublishKind.TRUSTED
    if kind is PublishKind.TRUSTED:
        facts = trusted_fields() | (provenance or {})
        Provenance.objects.create(version=version, kind=kind, **facts)
    elif kind is not None:
        Provenance.objects.create(version=version, kind=kind)
    summary.note_published(crate, version)
    crate.save()
    return version


def make_attestation(version: Version, predicate_type: str = SLSA, **fields: Any) -> Attestation:
    """As verified against the public instance; a `failure` is from today on."""
    claims = {
        "issuer": "https://token.actions.githubusercontent.com",
        "source_commit": SHA,
        "run": "https://github.com/octo/hello/actions/runs/42/attempts/1",
        "runner_environment": "github-hosted",
    }
    facts = {"claims": claims, "log_index": 118_402_771, "log_id": "wNI9atQGlz+VWfO6LRyg=="}
    found = Attestation.objects.create(
        version=version,
        predicate_type=predicate_type,
        bundle=b"{}",
        sha256=hashlib.sha256(predicate_type.encode()).hexdigest(),
        verified_at=version.created_at,
        signed_at=version.created_at,
        failed_at=timezone.now() if fields.get("failure") else None,
        **{"verifier": "sigstore 4.1.0", "root": "trusted_root.json 6494e21c", "facts": facts}
        | fields,
    )
    note_attested(version.crate, version.provenance)
    return found


def make_dependency(version: Version, name: str, **fields: Any) -> Dependency:
    """A normal dependency on `^1`, unless told otherwise."""
    defaults: dict[str, Any] = {"requirement": "^1", "kind": Dependency.Kind.NORMAL}
    return Dependency.objects.create(
        version=version, name=name, canonical_name=canonical(name), **(defaults | fields)
    )


def trusted_fields() -> dict[str, Any]:
    """The provenance of a job on GitHub Actions that ran for a tag."""
    repository = "https://github.com/octo/hello"
    return {
        "provider": "github",
        "issuer_url": "https://token.actions.githubusercontent.com",
        "repository": "octo/hello",
        "repository_id": "74",
        "owner_id": "65",
        "workflow": "release.yml",
        "workflow_sha": SHA,
        "sha": SHA,
        "ref": "refs/tags/v1.0.0",
        "event": "push",
        "environment": "release",
        "run_id": "1658821493",
        "run_attempt": "2",
        "workload": {
            "repository_id": "74",
            "owner_id": "65",
            "runner_environment": "github-hosted",
        },
        "links": {
            "repository": repository,
            "commit": f"{repository}/commit/{SHA}",
            "tree": f"{repository}/tree/{SHA}",
            "workflow": f"{repository}/blob/{SHA}/.github/workflows/release.yml",
            "run": f"{repository}/actions/runs/1658821493/attempts/2",
        },
        "trustpub_data": {
            "provider": "github",
            "repository": "octo/hello",
            "run_id": "1658821493",
            "sha": SHA,
        },
    }
