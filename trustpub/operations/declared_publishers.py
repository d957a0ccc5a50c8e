"""Makes the publishers of a crate exactly those of a list (reference, e.6)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from registry.actors import Actor
from registry.models import Crate
from registry.policies import Action, require
from trustpub.conditions import rule_digest
from trustpub.errors import InvalidPublisher, PublishersChanged
from trustpub.models import Issuer, PublisherCrate
from trustpub.operations.pending import check_registrant
from trustpub.operations.publishers import remove_publisher, save_rule
from trustpub.operations.registration_limits import count_registration
from trustpub.operations.rules import RuleFields, rule_fields
from trustpub.providers import provider_for
from trustpub.providers.base import InvalidField


@dataclass(frozen=True, slots=True)
class Declared:
    """One publisher that shall be there, as a form would have it."""

    issuer: Issuer
    form: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the list true; nothing where it is true already."""

    add: Sequence[Declared]
    remove: Sequence[PublisherCrate]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`publishers` are those there are now, `etag` stands for them."""

    changes: Changes
    publishers: Sequence[PublisherCrate]
    etag: str


def declare_publishers(
    *,
    actor: Actor,
    crate: Crate,
    wanted: Sequence[Declared],
    expected: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Adds what is missing and removes what is not listed; a second time changes nothing.

    A publisher that was suspended or has lapsed counts as there: a list that a program sends every
    hour must not lift what the registry stopped. `expected` is the etag that the list is based on.
    Raises InvalidPublisher, PublishersChanged, or what adding a publisher raises.
    """
    require(actor, Action.CONFIGURE, crate)
    by_digest = _by_digest(wanted)
    grants = publishers_of(crate)
    _check_expected(expected, grants)
    changes = _changes(grants, by_digest)
    if dry_run:
        return Outcome(changes, grants, etag_of(grants))
    rules = _rules(actor, by_digest, changes)
    return _apply(actor, crate, by_digest, rules, expected)


def publishers_of(crate: Crate) -> list[PublisherCrate]:
    """The crate's publishers of every kind, the oldest first; one query."""
    grants = PublisherCrate.objects.filter(crate=crate).order_by("pk")
    return list(grants.select_related("publisher__issuer", "crate"))


def etag_of(grants: Sequence[PublisherCrate]) -> str:
    """Changes with any publisher of the list, its state included."""
    facts = [[g.pk, g.publisher.digest, g.publisher.state, g.publisher.facts()] for g in grants]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _by_digest(wanted: Sequence[Declared]) -> dict[str, Declared]:
    """By what makes two rules one, found out without asking a forge."""
    found: dict[str, Declared] = {}
    for number, declared in enumerate(wanted):
        provider = provider_for(declared.issuer.provider)
        try:
            fields = provider.normalise(declared.form)
        except InvalidField as error:
            raise InvalidPublisher(
                f"publishers[{number}]: {error}", extra={"field": error.field, "index": number}
            ) from None
        digest = rule_digest(declared.issuer.url, provider.conditions(fields))
        if digest in found:
            raise InvalidPublisher(
                f"publishers[{number}]: this publisher is in the list already; name it once",
                extra={"index": number},
            )
        found[digest] = declared
    return found


def _changes(grants: Sequence[PublisherCrate], wanted: Mapping[str, Declared]) -> Changes:
    there = {grant.publisher.digest for grant in grants}
    return Changes(
        add=[declared for digest, declared in wanted.items() if digest not in there],
        remove=[grant for grant in grants if grant.publisher.digest not in wanted],
    )


def _rules(actor: Actor, wanted: Mapping[str, Declared], changes: Changes) -> dict[str, RuleFields]:
    """The rules to add, by digest; outside of the transaction, because it may ask the forge."""
    rules = {}
    for digest, declared in wanted.items():
        if declared not in changes.add:
            continue
        if actor.user is not None:
            check_registrant(actor.user)
            count_registration("publisher-registration", actor.user, what="publishers added today")
        rules[digest] = rule_fields(declared.issuer, declared.form)
    return rules


@transaction.atomic
def _apply(
    actor: Actor,
    crate: Crate,
    wanted: Mapping[str, Declared],
    rules: Mapping[str, RuleFields],
    expected: str | None,
) -> Outcome:
    locked = Crate.objects.locked().get(pk=crate.pk)
    grants = publishers_of(locked)
    _check_expected(expected, grants)
    changes = _changes(grants, wanted)
    there = {grant.publisher.digest for grant in grants}
    if not (wanted.keys() - there) <= rules.keys():
        # Somebody removed one of them a moment ago.
        raise PublishersChanged
    # Those that go make room for those that come.
    for grant in changes.remove:
        remove_publisher(actor=actor, grant_id=grant.pk)
    for digest in wanted:
        if digest not in there:
            save_rule(actor, locked, rules[digest])
    now = publishers_of(locked)
    return Outcome(changes, now, etag_of(now))


def _check_expected(expected: str | None, grants: Sequence[PublisherCrate]) -> None:
    if expected is not None and expected != etag_of(grants):
        raise PublishersChanged
