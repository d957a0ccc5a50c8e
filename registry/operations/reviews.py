"""Puts new crates before the moderators, with what their names look like."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Acting
from accounts.models import Suspicion, User
from accounts.operations.suspicions import suspect
from accounts.powers import Power, require_power
from registry.formats.lookalike import most_alike
from registry.models import Crate, CrateReview, Ownership, PublishKind

# How many of the best known names a new one is compared with.
POPULAR = 3000
# So many new crates of one person in an hour are a sight for moderators.
MANY_CRATES = 20
HOUR = timedelta(hours=1)
# Where the job of a publish was lost, the clock's looks back so far.
LOOK_BACK = timedelta(days=7)


def review_new_crate(crate_id: int) -> None:
    """Scores it against names of others; nothing happens the second time, or if it is gone."""
    crate = Crate.objects.filter(pk=crate_id, review=None).first()
    if crate is None:
        return
    found = most_alike(crate.name, _popular_names_of_others(crate))
    CrateReview.objects.get_or_create(
        crate=crate,
        defaults={"score": found.score, "resembles": found.other, "why": found.why},
    )
    for ownership in Ownership.objects.filter(crate=crate, user__isnull=False):
        if ownership.user:
            _suspect_if_many(ownership.user)


def review_missed() -> int:
    """Those whose job was lost, some hundreds in a run; answers how many.

    Imported ones are no news.
    """
    missed = Crate.objects.filter(
        review=None, created_at__gt=timezone.now() - LOOK_BACK, num_versions__gt=0
    ).exclude(versions__provenance__kind=PublishKind.IMPORTED)
    numbers = list(missed.order_by("pk").values_list("pk", flat=True)[: settings.CRATES_AT_ONCE])
    for number in numbers:
        review_new_crate(number)
    return len(numbers)


@transaction.atomic
def look_at(*, actor: Acting, review: CrateReview) -> None:
    """A moderator has seen the crate; nothing else changes."""
    require_power(actor, Power.MODERATE)
    row = (
        CrateReview.objects.select_for_update(of=("self",))
        .select_related("crate")
        .get(pk=review.pk)
    )
    if row.looked_at:
        return
    row.looked_at, row.looked_at_by = timezone.now(), getattr(actor, "user", None)
    row.save(update_fields=["looked_at", "looked_at_by"])
    after = {"score": row.score, "resembles": row.resembles}
    # Not among the crate's own events, which its owners read.
    audit.record("crate.looked_at", actor=actor, subject=row.crate.name, after=after)


def _popular_names_of_others(crate: Crate) -> list[str]:
    owners = crate.ownerships.filter(user__isnull=False).values("user")
    own = Ownership.objects.filter(user__in=owners).values("crate")
    others = Crate.objects.exclude(pk__in=own).order_by("-downloads", "pk")
    return list(others.values_list("name", flat=True)[:POPULAR])


def _suspect_if_many(user: User) -> None:
    since = timezone.now() - HOUR
    count = CrateReview.objects.filter(crate__ownerships__user=user, created_at__gt=since).count()
    if count >= MANY_CRATES:
        suspect(
            Suspicion.Kind.MANY_CRATES,
            user=user,
            subject=user.login,
            detail=f"{count} new crates within an hour",
        )
