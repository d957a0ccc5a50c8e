"""The two steps of GitHub's OAuth flow, against GITHUB_URL and GITHUB_API_URL."""

from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.pages.sign_in_limit import limited


class ConfiguredGitHubAdapter(GitHubOAuth2Adapter):
    """Addresses are asked for when they are needed, so that settings decide alone."""

    @property
    def access_token_url(self) -> str:
        return f"{settings.GITHUB_URL}/login/oauth/access_token"

    @property
    def authorize_url(self) -> str:
        return f"{settings.GITHUB_URL}/login/oauth/authorize"

    @property
    def profile_url(self) -> str:
        return f"{settings.GITHUB_API_URL}/user"

    @property
    def emails_url(self) -> str:
        return f"{settings.GITHUB_API_URL}/user/emails"

    def get_callback_url(self, request: HttpRequest, app: object) -> str:
        # A forged Host header must not choose where the code is sent.
        return f"{settings.PUBLIC_URL}{reverse('github_callback')}"


oauth2_login = limited(OAuth2LoginView.adapter_view(ConfiguredGitHubAdapter))
oauth2_callback = limited(OAuth2CallbackView.adapter_view(ConfiguredGitHubAdapter))
