"""Asks GitHub which archives it holds attestations of, since many jobs attest to GitHub alone.

The answer is GitHub's word: what a version's page links to was not verified here (f.4-5).
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from adapters.github import GITHUB_COM_API, GitHub
from adapters.http import OutgoingError
from registry.models import Crate, Provenance, PublishKind
from registry.operations import index

# Beside the links of the job's own identity.
LINK = "attestations"
# A job may attest after it has published; later nothing comes any more.
ASKED_FOR = timedelta(hours=6)
# GitHub answers sixty questions in an hour without a token, and others have some as well.
AT_ONCE = 25

logger = logging.getLogger(__name__)


def ask_github() -> int:
    """Looks up the latest versions that have no such link yet; answers how many got one."""
    if not settings.GITHUB_ATTESTATIONS:
        return 0
    github = GitHub(
        settings.GITHUB_API_URL, allow_private=settings.GITHUB_API_URL != GITHUB_COM_API
    )
    found = 0
    for provenance in _recent():
        owner, _, name = provenance.repository.partition("/")
        try:
            attested = github.attests(owner, name, provenance.version.checksum)
        except OutgoingError as error:
            # The others wait for the next hour.
            logger.warning("GitHub does not tell what is attested: %s", error)
            break
        if attested:
            _note(provenance.pk, provenance.version.crate_id)
            found += 1
    return found


def _recent() -> Iterable[Provenance]:
    rows = Provenance.objects.filter(
        kind=PublishKind.TRUSTED,
        provider="github",
        # On the GitHub that is asked, and no other installation's repository of that name.
        links__repository__startswith=f"{settings.GITHUB_URL}/",
        version__created_at__gt=timezone.now() - ASKED_FOR,
        version__hidden_at=None,
    ).exclude(links__has_key=LINK)
    return rows.select_related("version").order_by("-version__created_at", "-pk")[:AT_ONCE]


@transaction.atomic
def _note(key: int, crate_id: int) -> None:
    """With the crate locked, as whatever changes what is shown of a version."""
    crate = Crate.everything.locked().filter(pk=crate_id).first()
    provenance = Provenance.objects.filter(pk=key).first()
    if crate is None or provenance is None:
        return
    provenance.links[LINK] = f"{provenance.links['repository']}/attestations"
    provenance.save(update_fields=["links"])
    crate.save(update_fields=["updated_at"])
    index.note_change(crate)
