"""The map of the site: one include per app and door."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.pages.admin_sign_in import AdminSignIn
from accounts.pages.sign_in_limit import limited
from config import api_page, docs_pages, styleguide
from config.openapi import openapi

handler400 = "accounts.pages.errors.bad_request"
handler403 = "accounts.pages.errors.forbidden"
handler404 = "accounts.pages.errors.not_found"
handler500 = "accounts.pages.errors.server_error"

urlpatterns = [
    path("admin/login/", limited(AdminSignIn.as_view())),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.github.urls")),
    path("accounts/", include("accounts.openid_connect.urls")),
    path("api/openapi.json", openapi, name="openapi"),
    path("docs", docs_pages.index, name="documents"),
    path("docs/api", api_page.show, name="api_page"),
    path("docs/api/objects/<str:name>", api_page.show_object, name="api_object"),
    path("docs/api/<slug:part>", api_page.show_part, name="api_part"),
    path("docs/<path:slug>", docs_pages.show, name="document"),
    path("", include("trustpub.api.urls")),
    path("", include("registry.api.urls")),
    path("", include("accounts.pages.urls")),
    path("", include("trustpub.pages.urls")),
    path("", include("registry.pages.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide", styleguide.show, name="styleguide"))
