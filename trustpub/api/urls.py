"""The web API of trusted publishing."""

from django.urls import path

from trustpub.api.audience import Audience
from trustpub.api.configs import (
    GitHubConfigDetail,
    GitHubConfigs,
    GitLabConfigDetail,
    GitLabConfigs,
    PendingPublisherDetail,
    PendingPublishers,
)
from trustpub.api.program import program
from trustpub.api.publishers import Providers, PublisherDetail, Publishers
from trustpub.api.tokens import Tokens

BASE = "api/v1/trusted_publishing"

urlpatterns = [
    path(f"{BASE}/tokens", Tokens.as_view()),
    path(f"{BASE}/audience", Audience.as_view()),
    path(f"{BASE}/cargo_credential_waybill.py", program),
    path(f"{BASE}/github_configs", GitHubConfigs.as_view()),
    path(f"{BASE}/github_configs/<int:config_id>", GitHubConfigDetail.as_view()),
    path(f"{BASE}/gitlab_configs", GitLabConfigs.as_view()),
    path(f"{BASE}/gitlab_configs/<int:config_id>", GitLabConfigDetail.as_view()),
    path(f"{BASE}/providers", Providers.as_view()),
    path(f"{BASE}/publishers", Publishers.as_view()),
    path(f"{BASE}/publishers/<int:publisher_id>", PublisherDetail.as_view()),
    path(f"{BASE}/pending_publishers", PendingPublishers.as_view()),
    path(f"{BASE}/pending_publishers/<int:pending_id>", PendingPublisherDetail.as_view()),
]
