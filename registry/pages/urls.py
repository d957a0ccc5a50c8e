"""The addresses of the registry's pages."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from registry.pages import (
    crate,
    delete,
    discovery,
    events,
    feeds,
    following,
    home,
    invitations,
    notifications,
    owners,
    search,
    version,
    versions,
)

urlpatterns = [
    path("", home.show, name="home"),
    path("favicon.ico", RedirectView.as_view(url="/static/img/logo.svg")),
    path("search", search.show, name="search"),
    path("crates/<str:name>", crate.show, name="crate"),
    path("crates/<str:name>/versions", versions.show, name="crate_versions"),
    path("crates/<str:name>/settings/events", events.show, name="crate_events"),
    path("crates/<str:name>/settings/events.jsonl", events.lines, name="crate_events_lines"),
    path("me/pending-invites", invitations.pending_invitations, name="pending_invitations"),
    path(
        "me/pending-invites/<int:crate_id>",
        invitations.invitation_answer,
        name="invitation_answer",
    ),
    path("accept-invite/<str:token>", invitations.invitation_letter, name="invitation_letter"),
    path("settings/notifications", notifications.notifications, name="notifications"),
    path("unsubscribe/<str:token>", notifications.unsubscribe_link, name="unsubscribe"),
    path("crates/<str:name>/settings/delete", delete.crate_delete, name="crate_delete"),
    path("crates/<str:name>/settings/owners", owners.crate_owners, name="crate_owners"),
    path("crates/<str:name>/follow", following.crate_follow, name="crate_follow"),
    path("settings/following", following.following, name="following"),
    path("crates/<str:name>/settings/owners/add", owners.owner_add, name="owner_add"),
    path("crates/<str:name>/settings/owners/remove", owners.owner_remove, name="owner_remove"),
    path(
        "crates/<str:name>/settings/owners/withdraw",
        owners.invitation_withdraw,
        name="invitation_withdraw",
    ),
    # Every version number begins with a digit, and no other page below a crate does.
    re_path(r"^crates/(?P<name>[^/]+)/(?P<num>[0-9][^/]*)$", version.show, name="version"),
    path("feeds/crates.xml", feeds.crates, name="feed_crates"),
    path("feeds/updates.xml", feeds.updates, name="feed_updates"),
    path("feeds/crates/<str:name>.xml", feeds.crate, name="feed_crate"),
    # Where crates.io has them.
    path("rss/crates.xml", feeds.crates),
    path("rss/updates.xml", feeds.updates),
    path("rss/crates/<str:name>.xml", feeds.crate),
    path("sitemap.xml", discovery.sitemap_index, name="sitemap"),
    path("sitemap-<slug:section>.xml", discovery.sitemap_section, name="sitemap_section"),
    path("robots.txt", discovery.robots),
    path("opensearch.xml", discovery.opensearch, name="opensearch"),
]
