"""Hides crates, versions, and all that a person alone owns, and lets them come back whole.

What is hidden keeps its rows; `Crate.objects` and `Version.objects` leave it out. Names stay taken.
"""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.operations.lock import tell
from accounts.powers import Power, require_power, require_power_over
from adapters import jobs
from registry.actors import Actor
from registry.models import Crate, Ownership, SearchDocument, Version
from registry.operations import index, search_document, summary, topics
from registry.queries.lookup import held

QUARANTINED = "was put into quarantine: nobody sees it, and nobody can publish to it"
# The file of all crates is written each day; what is hidden leaves it at once.
WRITE_EVIDENCE = "registry.write_evidence"
RELEASED = "was released from quarantine: everything is as it was before"


@transaction.atomic
def quarantine_crate(*, actor: Actor, crate: Crate, reason: str) -> None:
    """Raises NotAllowed, or InvalidInput for one that is in quarantine already."""
    require_power(actor, Power.MODERATE)
    locked = held(crate.pk, even_hidden=True)
    if locked.quarantined_at:
        raise InvalidInput(f"{locked.name} is in quarantine already")
    locked.quarantined_at = timezone.now()
    _crate_changed(actor, locked, "crate.quarantined", QUARANTINED, reason)


@transaction.atomic
def release_crate(*, actor: Actor, crate: Crate, reason: str) -> None:
    """Raises NotAllowed, or InvalidInput for one that is not in quarantine."""
    require_power(actor, Power.MODERATE)
    locked = held(crate.pk, even_hidden=True)
    if locked.quarantined_at is None:
        raise InvalidInput(f"{locked.name} is not in quarantine by itself")
    locked.quarantined_at = None
    _crate_changed(actor, locked, "crate.released", RELEASED, reason)


@transaction.atomic
def quarantine_version(*, actor: Actor, version: Version, reason: str) -> None:
    """The crate shows what the others say; with its last version it vanishes, too.

    Raises NotAllowed, or InvalidInput for one that is in quarantine already.
    """
    crate, current = _held_version(actor, version)
    if current.quarantined_at:
        raise InvalidInput(f"{current} is in quarantine already")
    current.quarantined_at = timezone.now()
    _version_changed(actor, crate, current, "version.quarantined", QUARANTINED, reason)


@transaction.atomic
def release_version(*, actor: Actor, version: Version, reason: str) -> None:
    """Raises NotAllowed, or InvalidInput for one that is not in quarantine."""
    crate, current = _held_version(actor, version)
    if current.quarantined_at is None:
        raise InvalidInput(f"{current} is not in quarantine by itself")
    current.quarantined_at = None
    _version_changed(actor, crate, current, "version.released", RELEASED, reason)


@transaction.atomic
def quarantine_user(*, actor: Actor, user: User, reason: str = "") -> None:
    """The account is shut, and every crate vanishes that no other person owns; they are told why.

    Raises NotAllowed, or InvalidInput for one that is in quarantine already.
    """
    locked = _held_user(actor, user)
    if locked.quarantined_at:
        raise InvalidInput(f"{locked.login} is in quarantine already")
    locked.quarantined_at, locked.quarantine_reason = timezone.now(), reason[:255]
    _user_changed(actor, locked, "user.quarantined")
    tell(locked, "was put into quarantine", locked.quarantine_reason)


@transaction.atomic
def release_user(*, actor: Actor, user: User) -> None:
    """A lock that was there before stays; raises NotAllowed or InvalidInput."""
    locked = _held_user(actor, user)
    if locked.quarantined_at is None:
        raise InvalidInput(f"{locked.login} is not in quarantine")
    locked.quarantined_at, locked.quarantine_reason = None, ""
    _user_changed(actor, locked, "user.released")
    tell(locked, "was released from quarantine")


def follow_owners(crate: Crate) -> None:
    """After the owners changed, for a transaction that holds the crate."""
    if crate.hidden_at or crate.ownerships.filter(user__quarantined_at__isnull=False).exists():
        settle(crate)


def hidden_with(user: User) -> list[str]:
    """Names of the crates that are hidden when this person is in quarantine; for previews."""
    others = Ownership.objects.filter(user__isnull=False, user__quarantined_at=None)
    rows = Crate.everything.owned_by(user).exclude(
        pk__in=others.exclude(user=user).values("crate_id")
    )
    return list(rows.order_by("canonical_name").values_list("name", flat=True))


def _held_version(actor: Actor, version: Version) -> tuple[Crate, Version]:
    require_power(actor, Power.MODERATE)
    crate = held(version.crate_id, even_hidden=True)
    return crate, Version.everything.select_related("crate").get(pk=version.pk)


def _held_user(actor: Actor, user: User) -> User:
    # Without the key: a publish that waits for nothing but its commit still names its publisher.
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    require_power_over(actor, locked)
    return locked


def _crate_changed(actor: Actor, crate: Crate, event: str, what: str, reason: str) -> None:
    crate.save(update_fields=["quarantined_at"])
    settle(crate)
    audit.record(event, actor=actor, crate=crate.name, subject=crate.name)
    jobs.after_commit("registry.mail_moderated", crate.pk, crate.name, what, reason)
    jobs.after_commit(WRITE_EVIDENCE)


def _version_changed(
    actor: Actor, crate: Crate, version: Version, event: str, what: str, reason: str
) -> None:
    version.save(update_fields=["quarantined_at"])
    settle(crate)
    audit.record(event, actor=actor, crate=crate.name, subject=str(version))
    jobs.after_commit("registry.mail_moderated", crate.pk, str(version), what, reason)
    jobs.after_commit(WRITE_EVIDENCE)


def _user_changed(actor: Actor, user: User, event: str) -> None:
    user.save(update_fields=["quarantined_at", "quarantine_reason"])
    # In one order, as everybody locks several.
    owned = Ownership.objects.filter(user=user).values_list("crate_id", flat=True)
    before, now = set(), set()
    for crate in Crate.everything.locked().filter(pk__in=list(owned)).order_by("pk"):
        if crate.hidden_at:
            before.add(crate.name)
        settle(crate)
        if crate.hidden_at:
            now.add(crate.name)
    audit.record(event, actor=actor, subject=user.login, after={"crates": sorted(before ^ now)})
    jobs.after_commit(WRITE_EVIDENCE)


def settle(crate: Crate) -> None:
    """Brings what is hidden in line with what is in quarantine; the caller holds the crate.

    Times are kept where nothing changes, so it may run twice.
    """
    now = timezone.now()
    versions = Version.everything.filter(crate=crate)
    is_hidden = bool(crate.quarantined_at) or _owners_are_quarantined(crate)
    if is_hidden:
        versions.filter(hidden_at=None).update(hidden_at=now)
    else:
        versions.filter(quarantined_at=None).update(hidden_at=None)
        versions.filter(quarantined_at__isnull=False, hidden_at=None).update(hidden_at=now)
    # With the last of its versions the crate goes, too.
    if versions.exists():
        is_hidden = not versions.filter(hidden_at=None).exists()
    crate.hidden_at = (crate.hidden_at or now) if is_hidden else None
    crate.save(update_fields=["hidden_at"])
    if crate.hidden_at:
        topics.file_under(crate, keywords=(), categories=())
        SearchDocument.objects.filter(crate=crate).delete()
    else:
        _describe(crate)
    index.note_change(crate)


def _owners_are_quarantined(crate: Crate) -> bool:
    people = crate.ownerships.filter(user__isnull=False)
    return people.exists() and not people.filter(user__quarantined_at=None).exists()


def _describe(crate: Crate) -> None:
    """As its last visible version would have it, had the hidden ones never been published."""
    last = Version.objects.filter(crate=crate).order_by("-pk").first()
    if last is not None:
        crate.description = last.description
        crate.homepage = last.homepage
        crate.documentation = last.documentation
        crate.repository = last.repository
        crate.keywords = last.keywords
        crate.categories = last.categories
        summary.recompute(crate)
    topics.file_under(crate, keywords=crate.keywords, categories=crate.categories)
    search_document.write(crate, readme=last.readme if last else "")
