"""What the endpoints for publishers of every provider answer."""

from typing import Any

from registry.api.rendering import moment
from trustpub.models import Issuer, PendingPublisher, PublisherCrate, TrustRule
from trustpub.operations.declare import Difference, Wanted


def issuer_json(issuer: Issuer) -> dict[str, Any]:
    """A CI system and the fields of its publishers."""
    return {
        "provider": issuer.provider,
        "issuer": issuer.url,
        "name": issuer.name,
        "fields": [
            {
                "name": rule.name,
                "label": rule.label,
                "help": rule.help,
                "required": rule.required,
                "default": rule.default,
                "pinned_on_first_use": rule.is_pin,
            }
            for rule in issuer.adapter.fields
        ],
    }


def publisher_json(grant: PublisherCrate) -> dict[str, Any]:
    """The right of a publisher on one crate."""
    publisher = grant.publisher
    return {
        "id": grant.pk,
        "crate": grant.crate.name,
        "pending": False,
        **_rule_json(publisher),
        "name": grant.name,
        "note": grant.note,
        "ends_at": moment(grant.ends_at) if grant.ends_at else None,
        "state": publisher.state,
        "state_reason": publisher.state_reason,
        "needs_consent": grant.needs_consent,
        "begins_at": moment(grant.active_from)
        if grant.active_from and not grant.has_begun()
        else None,
        "created_at": moment(grant.created_at),
        "expires_at": moment(publisher.pin_before) if publisher.pin_before else None,
        "last_verified_at": moment(publisher.last_verified_at)
        if publisher.last_verified_at
        else None,
        "last_used_at": moment(publisher.last_used_at) if publisher.last_used_at else None,
    }


def pending_json(pending: PendingPublisher) -> dict[str, Any]:
    return {
        "id": pending.pk,
        "crate": pending.crate_name,
        "pending": True,
        **_rule_json(pending),
        "state": "suspended" if pending.suspended_at else "pending",
        "state_reason": "",
        "created_at": moment(pending.created_at),
        "expires_at": moment(pending.expires_at),
        "team": pending.team.login if pending.team else None,
        "last_verified_at": None,
        "last_used_at": None,
    }


def difference_json(difference: Difference, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "added": [_wanted_json(item) for item in difference.added],
        "removed": [publisher_json(grant) for grant in difference.removed],
        "kept": [publisher_json(grant) for grant in difference.kept],
    }


def _wanted_json(item: Wanted) -> dict[str, Any]:
    return {
        "crate": item.crate.name,
        "issuer": item.issuer.url,
        "fields": dict(item.form),
        "rules": dict(item.rules or {}),
    }


def _rule_json(rule: TrustRule) -> dict[str, Any]:
    return {
        "title": rule.title,
        "provider": rule.issuer.provider,
        "issuer": rule.issuer.url,
        "fields": rule.fields,
        "rules": rule.rules,
        "conditions": rule.conditions,
        "repository_id": rule.repository_id or None,
        "owner_id": rule.repository_owner_id or None,
        "open_to_branches": rule.open_to_branches,
    }
