"""The audit log of a crate, for its owners: as a page, and whole as JSON lines."""

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render

from accounts.pages.private import SignedInRequest, private
from registry.pages.owners import owned_crate
from registry.pages.paging import page_number, paging
from registry.queries.events import crate_events, event_lines

PER_PAGE = 50


@private("GET", "HEAD")
def show(request: SignedInRequest, name: str) -> HttpResponse:
    crate = owned_crate(request, name)
    if crate.name != name:
        return redirect("crate_events", crate.name)
    found = crate_events(crate, page=page_number(request), per_page=PER_PAGE)
    context = {
        "crate": crate,
        "events": found.events,
        "paging": paging(request, total=found.total, per_page=PER_PAGE),
    }
    return render(request, "registry/events.html", context)


@private("GET", "HEAD")
def lines(request: SignedInRequest, name: str) -> HttpResponseBase:
    crate = owned_crate(request, name)
    response = StreamingHttpResponse(event_lines(crate), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="{crate.name}-events.jsonl"'
    return response
