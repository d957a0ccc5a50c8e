"""The checklist after a publisher was saved (e.2)."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.errors import NotFound
from accounts.pages.private import SignedInRequest, private
from registry.pages.owners import owned_crate
from trustpub.operations.identities import forge_of, gitlab_of
from trustpub.operations.registration_limits import count_lookup
from trustpub.queries.checklist import checklist
from trustpub.queries.crate_settings import workflow_file


@private("GET", "HEAD")
def publisher_check(request: SignedInRequest, name: str, grant_id: int) -> HttpResponse:
    """Asks the forge anew at each look, and keeps nothing."""
    crate = owned_crate(request, name)
    grants = crate.publisher_grants.select_related("publisher__issuer", "crate")
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    count_lookup(request.user)
    issuer = grant.publisher.issuer
    checks = checklist(grant, forge_of(issuer) or gitlab_of(issuer))
    context = {
        "crate": crate,
        "grant": grant,
        "checks": checks,
        "workflow_file": workflow_file(
            grant.publisher, crate.name, is_shared=grant.publisher.grants.count() > 1
        ),
    }
    return render(request, "trustpub/publisher_check.html", context)
