"""The web API of trusted publishing."""

from django.urls import path

from trustpub.api.audience import Audience
from trustpub.api.configs import (
    GitHubConfigAction,
    GitHubConfigDetail,
    GitHubConfigs,
    GitLabConfigAction,
    GitLabConfigDetail,
    GitLabConfigs,
    PendingPublisherDetail,
    PendingPublishers,
)
from trustpub.api.organization_events import OrganizationEvents
from trustpub.api.preflight import Preflight
from trustpub.api.program import program
from trustpub.api.publisher_actions import PendingAction, PublisherAction
from trustpub.api.publishers import Providers, PublisherDetail, Publishers
from trustpub.api.tokens import Tokens

BASE = "api/v1/trusted_publishing"

urlpatterns = [
    path(
        "api/v1/organizations/<int:number>/events",
        OrganizationEvents.as_view(),
        name="organization_events",
    ),
    path(f"{BASE}/tokens", Tokens.as_view()),
    path(f"{BASE}/preflight", Preflight.as_view()),
    path(f"{BASE}/audience", Audience.as_view()),
    path(f"{BASE}/cargo_credential_waybill.py", program),
    path(f"{BASE}/github_configs", GitHubConfigs.as_view()),
    path(f"{BASE}/github_configs/<int:config_id>", GitHubConfigDetail.as_view()),
    path(f"{BASE}/github_configs/<int:config_id>/<slug:action>", GitHubConfigAction.as_view()),
    path(f"{BASE}/gitlab_configs", GitLabConfigs.as_view()),
    path(f"{BASE}/gitlab_configs/<int:config_id>", GitLabConfigDetail.as_view()),
    path(f"{BASE}/gitlab_configs/<int:config_id>/<slug:action>", GitLabConfigAction.as_view()),
    path(f"{BASE}/providers", Providers.as_view()),
    path(f"{BASE}/publishers", Publishers.as_view()),
    path(f"{BASE}/publishers/<int:publisher_id>", PublisherDetail.as_view()),
    path(f"{BASE}/publishers/<int:publisher_id>/<slug:action>", PublisherAction.as_view()),
    path(f"{BASE}/pending_publishers", PendingPublishers.as_view()),
    path(f"{BASE}/pending_publishers/<int:pending_id>", PendingPublisherDetail.as_view()),
    path(f"{BASE}/pending_publishers/<int:pending_id>/<slug:action>", PendingAction.as_view()),
]
