"""Makes the publishers of some crates what a list says, and says what that changes (e.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from accounts import limits
from registry.actors import Actor
from registry.models import Crate
from registry.policies import Action, require
from trustpub.conditions import rule_digest
from trustpub.errors import InvalidPublisher, UnknownIssuer
from trustpub.models import Issuer, PublisherCrate
from trustpub.operations.publishers import check_actor, remove_publisher, save_rule
from trustpub.operations.rules import RuleFields, rule_fields
from trustpub.operations.standing import check_registrant
from trustpub.queries.managed import grants_on

MINUTE = timedelta(minutes=1)
# Each entry may ask the forge for its repository's numbers.
DECLARATIONS_PER_MINUTE = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """One publisher that a crate shall have."""

    crate: Crate
    issuer: Issuer
    form: Mapping[str, str | None]
    rules: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to change; `kept` is there already."""

    added: Sequence[Wanted]
    removed: Sequence[PublisherCrate]
    kept: Sequence[PublisherCrate]
    # Of those to add, in their order: checked, and with what the forge said.
    rules: Sequence[RuleFields] = ()


def declare(
    *, actor: Actor, crates: Sequence[Crate], wanted: Sequence[Wanted], dry_run: bool
) -> Difference:
    """Adds what is missing and removes what is not in the list; the same list twice changes once.

    All of it or nothing: a crate must not lose the publishers that it has to a list of which the
    rest is refused. Raises what adding and removing do.
    """
    for crate in crates:
        require(actor, Action.CONFIGURE, crate)
    if actor.user is not None:
        check_registrant(actor.user)
        limits.hit(
            "publisher-declaration",
            str(actor.user.pk),
            limit=DECLARATIONS_PER_MINUTE,
            window=MINUTE,
            what="lists of publishers",
        )
    difference = _difference(crates, wanted)
    if not dry_run:
        if difference.added:
            check_actor(actor, by=len(difference.added))
        _apply(actor, difference)
    return difference


@transaction.atomic
def _apply(actor: Actor, difference: Difference) -> None:
    touched = {grant.crate_id for grant in difference.removed}
    touched |= {item.crate.pk for item in difference.added}
    # In one order, as everybody locks several.
    list(Crate.everything.locked().filter(pk__in=touched).order_by("pk"))
    for grant in difference.removed:
        remove_publisher(actor=actor, grant_id=grant.pk)
    for item, rule in zip(difference.added, difference.rules, strict=True):
        save_rule(actor, item.crate, rule)


def _difference(crates: Sequence[Crate], wanted: Sequence[Wanted]) -> Difference:
    listed = {crate.pk for crate in crates}
    there: dict[tuple[int, int, str], list[PublisherCrate]] = {}
    for held in grants_on(crates):
        there.setdefault(_key_of(held), []).append(held)
    added: list[Wanted] = []
    rules: list[RuleFields] = []
    kept: dict[int, PublisherCrate] = {}
    seen = set()
    for item in wanted:
        if item.crate.pk not in listed:
            raise InvalidPublisher(f"`{item.crate.name}` is not in `crates`")
        if not item.issuer.serves(item.crate):
            raise UnknownIssuer
        rule = rule_fields(item.issuer, item.form, item.rules)
        key = (item.crate.pk, item.issuer.pk, rule["digest"])
        if key in seen:
            continue
        seen.add(key)
        standing = [grant for grant in there.get(key, []) if _stands_for(grant, rule)]
        if standing:
            kept[standing[0].pk] = standing[0]
        else:
            added.append(item)
            rules.append(rule)
    removed = [grant for held in there.values() for grant in held if grant.pk not in kept]
    return Difference(added, removed, list(kept.values()), rules)


def _key_of(grant: PublisherCrate) -> tuple[int, int, str]:
    """By what it asks for: the stored digest is another where a rule gave up its place."""
    publisher = grant.publisher
    digest = rule_digest(publisher.issuer.url, publisher.typed_conditions())
    return grant.crate_id, publisher.issuer_id, digest


def _stands_for(grant: PublisherCrate, rule: RuleFields) -> bool:
    """Whether it works, and for the IDs that are asked for; an ID not asked for may be any."""
    publisher = grant.publisher
    pairs = (
        (publisher.repository_id, rule["repository_id"]),
        (publisher.repository_owner_id, rule["repository_owner_id"]),
    )
    same = all(not asked or not pinned or asked == pinned for pinned, asked in pairs)
    return same and publisher.is_enabled()
