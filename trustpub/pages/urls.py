"""Addresses of the pages about trusted publishing."""

from django.urls import path

from trustpub.pages import (
    crate_settings,
    dashboard,
    pending,
    publisher_check,
    publisher_edit,
    publishers,
)

urlpatterns = [
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("settings/publishers", pending.pending_publishers, name="pending_publishers"),
    path("settings/publishers/new", pending.pending_new, name="pending_new"),
    path(
        "settings/publishers/<int:pending_id>/cancel",
        pending.pending_cancel,
        name="pending_cancel",
    ),
    path("crates/<str:name>/settings", crate_settings.crate_settings, name="crate_settings"),
    path(
        "crates/<str:name>/settings/publishers/new",
        publishers.publisher_new,
        name="publisher_new",
    ),
    path(
        "crates/<str:name>/settings/publishers/<int:grant_id>/remove",
        publishers.publisher_remove,
        name="publisher_remove",
    ),
    path(
        "crates/<str:name>/settings/publishers/<int:grant_id>/check",
        publisher_check.publisher_check,
        name="publisher_check",
    ),
    path(
        "crates/<str:name>/settings/publishers/<int:grant_id>/edit",
        publisher_edit.publisher_edit,
        name="publisher_edit",
    ),
    path(
        "crates/<str:name>/settings/publishers/<int:grant_id>/<slug:action>",
        publisher_edit.publisher_action,
        name="publisher_action",
    ),
    path(
        "crates/<str:name>/settings/ci-only",
        publisher_edit.crate_ci_only,
        name="crate_ci_only",
    ),
]
