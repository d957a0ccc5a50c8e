"""What search engines and browsers read to find their way: sitemap, robots.txt, OpenSearch."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from registry.models import Crate
from registry.queries.feeds import last_update, listed_crates

if TYPE_CHECKING:
    AnySitemap = Sitemap[Any]
else:
    # Generic for type checkers only.
    AnySitemap = Sitemap


class _PublicSitemap(AnySitemap):
    """With addresses below PUBLIC_URL, whatever host was asked."""

    limit = 10_000

    def get_protocol(self, protocol: str | None = None) -> str:
        return settings.PUBLIC_URL.partition("://")[0]

    def get_domain(self, site: object = None) -> str:
        return settings.PUBLIC_URL.partition("://")[2]


class Pages(_PublicSitemap):
    def items(self) -> list[str]:
        return ["home", "search"]

    def location(self, item: str) -> str:
        return reverse(item)


class Crates(_PublicSitemap):
    def items(self) -> QuerySet[Crate]:
        return listed_crates()

    def location(self, item: Crate) -> str:
        return reverse("crate", args=[item.name])

    def lastmod(self, item: Crate) -> datetime:
        return item.updated_at

    def get_latest_lastmod(self) -> datetime | None:
        # Django's own would read every crate.
        return last_update()


SITEMAPS: dict[str, type[_PublicSitemap]] = {"pages": Pages, "crates": Crates}


@require_safe
@conditional_page
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """Every page of every section."""
    entries = []
    for section, kind in SITEMAPS.items():
        site = kind()
        address = f"{settings.PUBLIC_URL}{reverse('sitemap_section', args=[section])}"
        latest = site.get_latest_lastmod()
        for number in range(1, site.paginator.num_pages + 1):
            page = f"{address}?p={number}" if number > 1 else address
            entries.append({"location": page, "last_mod": latest})
    return render(
        request, "sitemap_index.xml", {"sitemaps": entries}, content_type="application/xml"
    )


@require_safe
@conditional_page
def sitemap_section(request: HttpRequest, section: str) -> HttpResponseBase:
    return sitemap(request, {**SITEMAPS}, section=section)


@require_safe
@conditional_page
def robots(request: HttpRequest) -> HttpResponse:
    return _described(request, "registry/robots.txt", "text/plain; charset=utf-8")


@require_safe
@conditional_page
def opensearch(request: HttpRequest) -> HttpResponse:
    return _described(request, "registry/opensearch.xml", "application/opensearchdescription+xml")


def _described(request: HttpRequest, template: str, content_type: str) -> HttpResponse:
    return render(request, template, {"public_url": settings.PUBLIC_URL}, content_type=content_type)
