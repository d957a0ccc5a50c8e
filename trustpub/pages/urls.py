"""Addresses of the pages about trusted publishing."""

from django.urls import path

from trustpub.pages import (
    account_data,
    crate_settings,
    dashboard,
    pending,
    publisher_check,
    publisher_edit,
    publishers,
    tokens,
)

urlpatterns = [
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("settings/data", account_data.account_data, name="account_data"),
    path("settings/data/export", account_data.account_export, name="account_export"),
    path("settings/data/delete", account_data.account_delete, name="account_delete"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/new", tokens.token_new, name="token_new"),
    path("settings/tokens/preview", tokens.token_preview, name="token_preview"),
    path(
        "settings/tokens/<int:token_id>/regenerate",
        tokens.token_regenerate,
        name="token_regenerate",
    ),
    path("settings/tokens/<int:token_id>/revoke", tokens.token_revoke, name="token_revoke"),
    path("settings/publishers", pending.pending_publishers, name="pending_publishers"),
    path("settings/publishers/new", pending.pending_new, name="pending_new"),
    path(
        "settings/publishers/<int:pending_id>/cancel",
        pending.pending_cancel,
        name="pending_cancel",
    ),
    path(
        "settings/publishers/<int:pending_id>/<slug:action>",
        pending.pending_action,
        name="pending_action",
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
