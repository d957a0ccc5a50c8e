"""The checklist after a publisher was saved (e.2)."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render

from accounts import limits
from accounts.errors import NotFound
from accounts.pages.private import SignedInRequest, private
from registry.pages.owners import owned_crate
from trustpub.operations.identities import forge_of
from trustpub.queries.checklist import checklist

PER_MINUTE = 30


@private("GET", "HEAD")
def publisher_check(request: SignedInRequest, name: str, grant_id: int) -> HttpResponse:
    """Asks the forge anew at each look, and keeps nothing."""
    crate = owned_crate(request, name)
    grants = crate.publisher_grants.select_related("publisher__issuer", "crate")
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    limits.hit(
        "forge-look-up",
        str(request.user.pk),
        limit=PER_MINUTE,
        window=timedelta(minutes=1),
        what="questions to forges",
    )
    checks = checklist(grant, forge_of(grant.publisher.issuer))
    context = {"crate": crate, "grant": grant, "checks": checks}
    return render(request, "trustpub/publisher_check.html", context)
