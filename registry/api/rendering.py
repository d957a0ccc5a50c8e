"""Crates, versions and owners as crates.io's JSON (crates-io-api reference, 1.1)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.models import User
from registry.formats.urls import is_shown
from registry.models import (
    Attestation,
    Category,
    Crate,
    Dependency,
    Keyword,
    Ownership,
    Provenance,
    Team,
    Version,
)
from registry.queries.owners import Owner

NO_VERSION = "0.0.0"


def crate_json(
    crate: Crate,
    *,
    version_ids: Sequence[int] | None = None,
    keywords: bool = False,
    categories: bool = False,
    exact_match: bool = False,
    with_versions: bool = True,
    with_recent: bool = True,
) -> dict[str, Any]:
    """`version_ids` where the answer holds the versions too, newest first.

    Where clients were not asking for versions, crates.io leaves the summary of them out too.
    """
    api = f"/api/v1/crates/{crate.name}"
    return {
        "id": crate.name,
        "name": crate.name,
        "created_at": moment(crate.created_at),
        "updated_at": moment(crate.updated_at),
        "versions": version_ids,
        "keywords": crate.keywords if keywords else None,
        "categories": crate.categories if categories else None,
        "badges": [],
        "downloads": crate.downloads,
        "recent_downloads": crate.recent_downloads if with_recent else None,
        "default_version": crate.default_version or None,
        "num_versions": crate.num_versions,
        "yanked": not crate.max_version,
        "max_version": (with_versions and crate.max_version) or NO_VERSION,
        "newest_version": (with_versions and crate.newest_version) or NO_VERSION,
        "max_stable_version": (with_versions and crate.max_stable_version) or None,
        "description": crate.description or None,
        "homepage": _shown(crate.homepage),
        "documentation": _shown(crate.documentation),
        "repository": _shown(crate.repository),
        "links": {
            "version_downloads": f"{api}/downloads",
            "versions": None if version_ids is not None else f"{api}/versions",
            "owners": f"{api}/owners",
            "owner_team": f"{api}/owner_team",
            "owner_user": f"{api}/owner_user",
            "reverse_dependencies": f"{api}/reverse_dependencies",
        },
        "exact_match": exact_match,
        "trustpub_only": crate.trustpub_only,
    }


def version_json(version: Version) -> dict[str, Any]:
    """Of a version that was loaded `for_rendering`."""
    crate = version.crate.name
    api = f"/api/v1/crates/{crate}/{version.num}"
    return {
        "id": version.pk,
        "crate": crate,
        "num": version.num,
        "dl_path": f"{api}/download",
        "readme_path": f"{api}/readme",
        "created_at": moment(version.created_at),
        "updated_at": moment(version.updated_at),
        "downloads": version.downloads,
        "features": version.features,
        "yanked": version.yanked,
        "yank_message": version.yank_message or None,
        "lib_links": version.links or None,
        "license": version.license or None,
        "links": {
            "dependencies": f"{api}/dependencies",
            "version_downloads": f"{api}/downloads",
            "authors": f"{api}/authors",
            "attestations": f"{api}/attestations" if version.provenance.attested else None,
        },
        "crate_size": version.size,
        "published_by": user_json(version.published_by) if version.published_by else None,
        "audit_actions": [
            {"action": action.action, "user": user_json(action.user), "time": moment(action.at)}
            for action in version.actions.all()
        ],
        "checksum": version.checksum,
        "rust_version": version.rust_version or None,
        "edition": version.edition or None,
        "has_lib": version.has_lib,
        "bin_names": version.bin_names,
        "description": version.description or None,
        "homepage": _shown(version.homepage),
        "documentation": _shown(version.documentation),
        "repository": _shown(version.repository),
        "trustpub_data": version.provenance.trustpub_data,
        "linecounts": None,
        "provenance": provenance_json(version.provenance),
    }


def provenance_json(provenance: Provenance) -> dict[str, Any]:
    """Our own addition to a version: everything that is known of where it came from."""
    return {
        "kind": provenance.kind,
        "evidence": provenance.evidence.value,
        "provider": provenance.provider or None,
        "issuer": provenance.issuer_url or None,
        "repository": provenance.repository or None,
        "repository_id": provenance.repository_id or None,
        "owner_id": provenance.owner_id or None,
        "workflow": provenance.workflow or None,
        "workflow_sha": provenance.workflow_sha or None,
        "sha": provenance.sha or None,
        "ref": provenance.ref or None,
        "event": provenance.event or None,
        "environment": provenance.environment or None,
        "run_id": provenance.run_id or None,
        "run_attempt": provenance.run_attempt or None,
        "links": provenance.links,
    }


def attestation_json(attestation: Attestation) -> dict[str, Any]:
    """What verifying it said; the bundle itself stands beside, byte for byte."""
    return {
        "predicate_type": attestation.predicate_type,
        "sha256": attestation.sha256,
        "received_at": moment(attestation.received_at),
        "signed_at": moment(attestation.signed_at),
        "verified": attestation.is_verified,
        "verified_at": moment(attestation.verified_at),
        "verifier": attestation.verifier,
        "trust_root": attestation.root,
        "failure": attestation.failure or None,
        "log_index": attestation.facts.get("log_index"),
        "log_id": attestation.facts.get("log_id") or None,
        "certificate": attestation.facts.get("claims", {}),
    }


def dependency_json(dependency: Dependency) -> dict[str, Any]:
    return {
        "id": dependency.pk,
        "version_id": dependency.version_id,
        "crate_id": dependency.name,
        "req": dependency.requirement,
        "optional": dependency.optional,
        "default_features": dependency.default_features,
        "features": dependency.features,
        "target": dependency.target or None,
        "kind": dependency.kind,
        "downloads": 0,
    }


def keyword_json(keyword: Keyword) -> dict[str, Any]:
    return {
        "id": keyword.keyword,
        "keyword": keyword.keyword,
        "created_at": moment(keyword.created_at),
        "crates_cnt": keyword.crates_cnt,
    }


def category_json(category: Category, *, crates: int | None = None) -> dict[str, Any]:
    """`crates` where those of subcategories count too."""
    return {
        "id": category.slug,
        "category": category.name,
        "slug": category.slug,
        "description": category.description,
        "created_at": moment(category.created_at),
        "crates_cnt": category.crates_cnt if crates is None else crates,
    }


def user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "login": user.login,
        "name": user.name or None,
        "avatar": user.avatar_url or None,
        "url": f"{settings.GITHUB_URL}/{user.login}",
        "github_username_matches": user.github_id is not None,
        "created_at": moment(user.created_at),
    }


def team_json(team: Team) -> dict[str, Any]:
    return {
        "id": team.pk,
        "login": team.login,
        "name": team.name or None,
        "avatar": team.avatar_url or None,
        "url": f"{settings.GITHUB_URL}/{team.organization}",
    }


def ownership_json(ownership: Ownership) -> dict[str, Any]:
    """Of an ownership that was loaded with its user and team."""
    if ownership.team:
        return {**team_json(ownership.team), "kind": "team"}
    assert ownership.user
    facts = user_json(ownership.user)
    del facts["created_at"]
    return {**facts, "kind": "user"}


def owner_json(owner: Owner) -> dict[str, Any]:
    """The same of what `queries.owners` says of one."""
    shown: dict[str, Any] = {
        "pk": owner.pk,
        "login": owner.login,
        "name": owner.name,
        "avatar_url": owner.avatar_url,
    }
    if owner.team_id:
        return ownership_json(Ownership(team=Team(**shown)))
    return ownership_json(Ownership(user=User(**shown, github_id=owner.github_id)))


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _shown(url: str) -> str | None:
    return url if url and is_shown(url) else None
