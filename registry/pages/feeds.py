"""RSS feeds of new crates and versions (crates-io-api reference, 6.6)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.feedgenerator import Rss201rev2Feed
from django.views.decorators.http import conditional_page, require_safe

from registry.formats.printable import without_steering
from registry.models import Crate, Version
from registry.queries.feeds import new_crates, new_versions, new_versions_of
from registry.queries.lookup import crate_named

# What XML cannot hold even as a reference (XML 1.0, 2.2).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# An empty feed is as old as can be, and not new at every request.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

if TYPE_CHECKING:
    CrateFeed = Feed[Crate, None]
    VersionFeed = Feed[Version, Crate | None]
else:
    # Generic for type checkers only.
    CrateFeed = VersionFeed = Feed


class CrateRss(Rss201rev2Feed):
    """RSS 2.0 with `crates:name` and `crates:version`, so that programs need not read titles."""

    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:crates": f"{settings.PUBLIC_URL}/feeds/"}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for field in ("name", "version"):
            if item[field]:
                handler.addQuickElement(f"crates:{field}", item[field])

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else _NEVER


class NewCrates(CrateFeed):
    feed_type = CrateRss
    title = "Waybill: new crates"
    description = "Crates that were published for the first time"

    def link(self) -> str:
        return _address("home")

    def feed_url(self) -> str:
        return _address("feed_crates")

    def items(self) -> Sequence[Crate]:
        return new_crates()

    def item_title(self, item: Crate) -> str:
        return f"New crate: {item.name}"

    def item_description(self, item: Crate) -> str:
        return _text(item.description)

    def item_link(self, item: Crate) -> str:
        return _address("crate", item.name)

    def item_pubdate(self, item: Crate) -> datetime:
        return item.created_at

    def item_extra_kwargs(self, item: Crate) -> dict[str, Any]:
        return {"name": item.name, "version": item.first_version}  # type: ignore[attr-defined]


class NewVersions(VersionFeed):
    """Of all crates, or of the one that `get_object` names."""

    feed_type = CrateRss

    def get_object(self, request: HttpRequest, crate: Crate | None = None) -> Crate | None:
        return crate

    def title(self, crate: Crate | None) -> str:
        return f"Waybill: versions of {crate.name}" if crate else "Waybill: new versions"

    def description(self, crate: Crate | None) -> str:
        return f"New versions of {crate.name}" if crate else "New versions of all crates"

    def link(self, crate: Crate | None) -> str:
        return _address("crate", crate.name) if crate else _address("home")

    def feed_url(self, crate: Crate | None) -> str:
        return _address("feed_crate", crate.name) if crate else _address("feed_updates")

    def items(self, crate: Crate | None) -> Sequence[Version]:
        return new_versions_of(crate) if crate else new_versions()

    def item_title(self, item: Version) -> str:
        return f"New version: {item.crate.name} {item.num}"

    def item_description(self, item: Version) -> str:
        return _text(item.description)

    def item_link(self, item: Version) -> str:
        return _address("version", item.crate.name, item.num)

    def item_pubdate(self, item: Version) -> datetime:
        return item.created_at

    def item_extra_kwargs(self, item: Version) -> dict[str, Any]:
        return {"name": item.crate.name, "version": item.num}


@require_safe
@conditional_page
def crates(request: HttpRequest) -> HttpResponse:
    return _shared(NewCrates()(request))


@require_safe
@conditional_page
def updates(request: HttpRequest) -> HttpResponse:
    return _shared(NewVersions()(request))


@require_safe
@conditional_page
def crate(request: HttpRequest, name: str) -> HttpResponse:
    found = crate_named(name)
    if found.name != name:
        return redirect("feed_crate", found.name)
    return _shared(NewVersions()(request, crate=found))


def _shared(response: HttpResponse) -> HttpResponse:
    """Asked for again after a minute, by proxies too where nobody needs to sign in."""
    private = settings.AUTH_REQUIRED
    response["Cache-Control"] = "private, no-cache" if private else "public, max-age=60"
    return response


def _address(page: str, *arguments: str) -> str:
    # Absolute, because Django would take the host from the request.
    return f"{settings.PUBLIC_URL}{reverse(page, args=arguments)}"


def _text(text: str) -> str:
    return _NOT_XML.sub("", without_steering(text))
