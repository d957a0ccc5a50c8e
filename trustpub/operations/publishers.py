"""Adds, changes and removes the publishers of a crate."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.powers import Power, require_power
from adapters import jobs
from registry.actors import Actor
from registry.models import Crate
from registry.policies import Action, require
from registry.queries.lookup import held
from trustpub.conditions import ascii_fold, rule_digest
from trustpub.errors import (
    PublisherExists,
    StoppedByModerators,
    TooManyPublishers,
    UnknownIssuer,
    config_not_found,
)
from trustpub.models import Issuer, Publisher, PublisherCrate
from trustpub.operations.about import About, read_about
from trustpub.operations.registration_limits import count_registration
from trustpub.operations.rules import RuleFields, rule_fields
from trustpub.operations.second_owner import has_second_owner
from trustpub.operations.sharing import shared_publisher
from trustpub.operations.standing import check_registrant

# Whoever has just chosen trusted publishing alone may still set up who publishes.
TIME_TO_SET_UP = timedelta(hours=1)


def add_publisher(
    *,
    actor: Actor,
    crate: Crate,
    issuer: Issuer,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None = None,
    about: About | None = None,
) -> PublisherCrate:
    """Lets a workload publish the crate; an identical rule of another crate is shared.

    Raises NotOwner, NotAllowed, InvalidPublisher, PublisherExists or TooManyPublishers.
    """
    require(actor, Action.CONFIGURE, crate)
    if not issuer.serves(crate):
        raise UnknownIssuer
    check_actor(actor)
    # Outside of the transaction: it may ask the forge.
    return save_rule(actor, crate, rule_fields(issuer, form, rules), about or About())


def edit_publisher(
    *,
    actor: Actor,
    grant_id: int,
    form: Mapping[str, str | None],
    rules: Mapping[str, object] | None = None,
    about: About | None = None,
) -> PublisherCrate:
    """The same right on the same crate for another rule; its live tokens die.

    Other crates that share the publisher keep the old rule. None as `about` leaves what the owners
    said of it. Raises what add_publisher raises,
    and NotFound.
    """
    grant = grant_of(actor, grant_id)
    check_actor(actor)
    rule = rule_fields(grant.publisher.issuer, _with_ids(grant.publisher, form), rules)
    return _replace(actor, grant, rule, about)


def add_conditions(*, actor: Actor, grant_id: int, rules: Mapping[str, object]) -> PublisherCrate:
    """Narrows a publisher by one click: its own fields with some more rules or an environment."""
    publisher = grant_of(actor, grant_id).publisher
    form = dict(publisher.fields)
    provider = publisher.provider
    wanted = {**provider.rule_options.widest, **publisher.rules, **rules}
    if named := wanted.pop("environment_name", None):
        form[provider.environment_field] = str(named)
        wanted.pop("environment", None)
    return edit_publisher(actor=actor, grant_id=grant_id, form=form, rules=wanted)


@transaction.atomic
def describe_publisher(
    *, actor: Actor, grant_id: int, given: Mapping[str, object]
) -> PublisherCrate:
    """Its name, note and last day; tokens that its jobs hold live on, unless it ends now.

    Raises InvalidPublisher, NotFound or a refusal of the policy.
    """
    locked = held(grant_of(actor, grant_id).crate_id)
    grant = locked_grant_of(actor, grant_id)
    said = About.of(grant)
    about = read_about(given, said)
    if about == said:
        return grant
    if _lives_longer(said, about):
        check_actor(actor)
        hold_back(grant, locked, actor)
    about.put_on(grant)
    grant.save()
    label = str(grant.publisher)
    audit.record(
        "publisher.edited",
        actor=actor,
        crate=locked.name,
        subject=label,
        before=said.facts(),
        after=about.facts(),
    )
    jobs.after_commit("trustpub.mail_publisher_edited", grant.pk, label, actor.label)
    return grant


@transaction.atomic
def remove_publisher(*, actor: Actor, grant_id: int, provider: str | None = None) -> None:
    """Ends a workload's right on one crate; its publish tokens for the crate die at once.

    Raises NotFound or a refusal of the policy.
    """
    grant = locked_grant_of(actor, grant_id, provider)
    publisher = grant.publisher
    audit.record(
        "publisher.deleted",
        actor=actor,
        crate=grant.crate.name,
        subject=str(publisher),
        before=publisher.facts(),
    )
    jobs.after_commit(
        "trustpub.mail_publisher_removed", grant.crate_id, str(publisher), actor.label
    )
    grant.delete()
    if not publisher.grants.exists():
        publisher.delete()


@transaction.atomic
def delete_publisher(*, actor: Actor, publisher: Publisher, reason: str) -> None:
    """By a moderator, who says why: it ends for each of its crates, whose owners are told.

    Raises NotAllowed.
    """
    require_power(actor, Power.MODERATE)
    locked = Publisher.objects.select_for_update(of=("self",)).get(pk=publisher.pk)
    for grant in locked.grants.select_related("crate"):
        audit.record(
            "publisher.deleted",
            actor=actor,
            crate=grant.crate.name,
            subject=str(locked),
            before=locked.facts(),
            after={"reason": reason},
        )
        by = f"a moderator of the registry ({reason})"
        jobs.after_commit("trustpub.mail_publisher_removed", grant.crate_id, str(locked), by)
    locked.delete()


def grant_of(actor: Actor, grant_id: int, provider: str | None = None) -> PublisherCrate:
    """The right of that id; raises NotFound, or the policy's refusal for a stranger."""
    grants = PublisherCrate.objects.select_related("publisher__issuer", "crate")
    grants = grants.filter(crate__hidden_at=None)
    if provider:
        grants = grants.filter(publisher__issuer__provider=provider)
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise config_not_found()
    require(actor, Action.CONFIGURE, grant.crate)
    return grant


def locked_grant_of(actor: Actor, grant_id: int, provider: str | None = None) -> PublisherCrate:
    """The same, locked until the transaction ends; whoever changed it meanwhile came first."""
    # Apart from the joins, which would show the publisher of before the wait.
    PublisherCrate.objects.select_for_update().filter(pk=grant_id).first()
    grant = grant_of(actor, grant_id, provider)
    if grant.publisher.is_stopped:
        raise StoppedByModerators
    return grant


def move(grant: PublisherCrate, rule: RuleFields, actor: Actor) -> Publisher:
    """Puts the right on the publisher of `rule`, inside a transaction; its live tokens die."""
    before = grant.publisher
    publisher = shared_publisher(rule, actor.user)
    if publisher.grants.filter(crate=grant.crate).exclude(pk=grant.pk).exists():
        raise PublisherExists("this crate already has exactly this publisher; remove this one")
    grant.publisher = publisher
    vouch(grant, actor)
    grant.changed_at = timezone.now()
    grant.save()
    if before.pk != publisher.pk and not before.grants.exists():
        before.delete()
    return publisher


def vouch(grant: PublisherCrate, actor: Actor) -> None:
    """The right rests on whoever acts now; the caller saves."""
    grant.backed_by = actor.user
    grant.needs_backer = actor.user is not None
    grant.unbacked_at = None


def hold_back(grant: PublisherCrate, crate: Crate, actor: Actor) -> None:
    """Says when a right that is new or wider begins, and whether a second owner has to agree.

    Where only CI may publish, a thief of an owner's account would add a publisher of their own.
    The caller saves.
    """
    now, delay = timezone.now(), settings.NEW_PUBLISHER_DELAY
    since = crate.trustpub_only_since
    is_settled = since is None or now - since > TIME_TO_SET_UP
    if crate.is_ci_only() and is_settled:
        delay = max(delay, settings.TRUSTPUB_ONLY_DELAY)
        grant.needs_consent = grant.needs_consent or has_second_owner(crate, actor.user)
    grant.active_from = now + delay if delay else None


def check_actor(actor: Actor, by: int = 1) -> None:
    """Somebody who adds or changes publishers has a verified address, and does so not too often."""
    if actor.user is None:
        return
    check_registrant(actor.user)
    what = "publishers added today"
    count_registration("publisher-registration", actor.user, what=what, by=by)


@transaction.atomic
def save_rule(
    actor: Actor, crate: Crate, rule: RuleFields, about: About | None = None
) -> PublisherCrate:
    """Adds a checked rule; the caller has asked the policy."""
    locked = held(crate.pk)
    there = _held(locked, rule["issuer"])
    if there.count() >= settings.PUBLISHERS_PER_CRATE:
        raise TooManyPublishers(
            f"This crate already has the maximum number of {rule['issuer'].get_provider_display()} "
            f"Trusted Publishing configurations ({settings.PUBLISHERS_PER_CRATE}); remove one first"
        )
    _check_is_new(there, rule)
    publisher = shared_publisher(rule, actor.user)
    grant = PublisherCrate(publisher=publisher, crate=locked, created_by=actor.user)
    about = about or About()
    about.put_on(grant)
    vouch(grant, actor)
    hold_back(grant, locked, actor)
    grant.save()
    audit.record(
        "publisher.created",
        actor=actor,
        crate=locked.name,
        subject=str(publisher),
        after=publisher.facts() | about.facts(),
    )
    jobs.after_commit("trustpub.mail_publisher_added", grant.pk, actor.label)
    return grant


@transaction.atomic
def _replace(
    actor: Actor, grant: PublisherCrate, rule: RuleFields, about: About | None
) -> PublisherCrate:
    locked = held(grant.crate_id)
    grant = locked_grant_of(actor, grant.pk)
    _check_is_new(_held(locked, rule["issuer"]).exclude(pk=grant.pk), rule)
    said = About.of(grant)
    about = about or said
    before = grant.publisher.facts() | said.facts()
    label = str(grant.publisher)
    if not _is_narrower(grant.publisher, rule) or _lives_longer(said, about):
        hold_back(grant, locked, actor)
    about.put_on(grant)
    publisher = move(grant, rule, actor)
    audit.record(
        "publisher.edited",
        actor=actor,
        crate=locked.name,
        subject=label,
        before=before,
        after=publisher.facts() | about.facts(),
    )
    jobs.after_commit("trustpub.mail_publisher_edited", grant.pk, label, actor.label)
    return grant


def _with_ids(publisher: Publisher, form: Mapping[str, str | None]) -> dict[str, str | None]:
    """The stored ids belong to the stored repository: another one must bring its own."""
    stored = publisher.ids_in_form()
    before = publisher.provider.named_fields({}, publisher.repository)
    is_same = all(
        ascii_fold(form.get(name) or "") == ascii_fold(value or "")
        for name, value in before.items()
    )
    kept = {name: form.get(name) or (value if is_same else None) for name, value in stored.items()}
    if not is_same:
        kept = {name: None if value == stored[name] else value for name, value in kept.items()}
    return {**form, **kept}


def _held(crate: Crate, issuer: Issuer) -> QuerySet[PublisherCrate]:
    return PublisherCrate.objects.filter(crate=crate, publisher__issuer__provider=issuer.provider)


def _is_narrower(publisher: Publisher, rule: RuleFields) -> bool:
    """Whether every job that `rule` lets publish could publish before."""
    same_place = (publisher.repository_id, publisher.repository_owner_id) == (
        rule["repository_id"],
        rule["repository_owner_id"],
    )
    kept = all(condition in rule["conditions"] for condition in publisher.conditions)
    # Conditions that lift something, or that widen what goes without saying.
    widening = [
        condition
        for condition in rule["conditions"]
        if condition not in publisher.conditions
        and (condition["kind"] == "any" or condition["field"] in ("event", "called_workflow"))
    ]
    return publisher.is_enabled() and same_place and kept and not widening


def _lives_longer(before: About, after: About) -> bool:
    if before.ends_at is None:
        return False
    return after.ends_at is None or after.ends_at > before.ends_at


def _check_is_new(held: QuerySet[PublisherCrate], rule: RuleFields) -> None:
    """Raises PublisherExists if the crate has the rule already and it still stands."""
    for grant in held.select_related("publisher__issuer"):
        publisher = grant.publisher
        if rule_digest(publisher.issuer.url, publisher.typed_conditions()) != rule["digest"]:
            continue
        pinned, wanted = publisher.repository_id, rule["repository_id"]
        if publisher.is_enabled() and (not (pinned and wanted) or pinned == wanted):
            raise PublisherExists("this crate already has exactly this publisher")
