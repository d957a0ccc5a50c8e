"""Whose pending publishers a job may found crates for: anybody can register another's workflow."""

from collections.abc import Iterable, Sequence

from accounts.models import User
from registry.models import Crate, Ownership, Provenance, PublishKind
from trustpub.models import PendingPublisher, PublisherCrate
from trustpub.operations.verified import Verified


def founding(
    rules: Iterable[PendingPublisher], grants: Sequence[PublisherCrate], verified: Verified
) -> list[PendingPublisher]:
    """One rule for each name that is still free, of somebody whom the job may work for.

    Where the repository has published crates, only their owners found more through it: otherwise a
    stranger would wait for the next member of a workspace and own it. Among several who wait for
    one name, whoever owns the repository or started the job comes first, then who was first.
    """
    free = _with_free_names(rules)
    known = _known_owners(grants, verified) if free and grants else frozenset()
    chosen: dict[str, PendingPublisher] = {}
    for rule in sorted(free, key=lambda rule: (not _is_theirs(rule.owner, verified), rule.pk)):
        if not known or rule.owner_id in known or _is_theirs(rule.owner, verified):
            chosen.setdefault(rule.canonical_name, rule)
    return sorted(chosen.values(), key=lambda rule: rule.pk)


def _with_free_names(rules: Iterable[PendingPublisher]) -> list[PendingPublisher]:
    kept = list(rules)
    if not kept:
        return []
    taken = set(
        Crate.everything.filter(canonical_name__in=[r.canonical_name for r in kept]).values_list(
            "canonical_name", flat=True
        )
    )
    return [rule for rule in kept if rule.canonical_name not in taken]


def _known_owners(grants: Sequence[PublisherCrate], verified: Verified) -> frozenset[int]:
    """Of those of the crates that this very repository has published before.

    Not of all that name it as their publisher, which a stranger's crate can do too.
    """
    published = Provenance.objects.filter(
        version__crate__in={grant.crate_id for grant in grants},
        kind=PublishKind.TRUSTED,
        issuer_url=verified.issuer.url,
        repository_id=verified.workload.repository_id,
    )
    owners = Ownership.objects.filter(crate__in=published.values("version__crate"))
    return frozenset(owners.exclude(user=None).values_list("user__pk", flat=True))


def _is_theirs(person: User, verified: Verified) -> bool:
    """Only one forge's numbers are those of our accounts."""
    if not verified.issuer.counts_our_people or person.github_id is None:
        return False
    return str(person.github_id) in (verified.workload.owner_id, verified.actor_id)
