"""Following crates, and the page that tells what is new in them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.pages.next_page import next_page
from accounts.pages.private import SignedInRequest, private
from registry.operations.follow import follow, unfollow
from registry.pages.paging import page_number
from registry.queries.following import followed_crates, followed_feed
from registry.queries.lookup import crate_named

PER_PAGE = 30


@private("GET", "HEAD")
def following(request: SignedInRequest) -> HttpResponse:
    number = page_number(request)
    feed = followed_feed(request.user, page=number, per_page=PER_PAGE)
    context = {
        "crates": followed_crates(request.user),
        "feed": feed,
        "previous": number - 1,
        "next": number + 1 if feed.has_more else None,
        "tab": "following",
    }
    return render(request, "registry/following.html", context)


@private("POST")
def crate_follow(request: SignedInRequest, name: str) -> HttpResponse:
    crate = crate_named(name)
    if request.POST.get("follow") == "no":
        unfollow(user=request.user, crate=crate)
        messages.success(request, f"You no longer follow {crate.name}.")
    else:
        follow(user=request.user, crate=crate)
        messages.success(
            request, f"You follow {crate.name}; its new versions are in your settings."
        )
    return redirect(next_page(request) or reverse("crate", args=[crate.name]))
