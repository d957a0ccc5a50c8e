"""Where the flow starts and where GitHub sends people back to."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from accounts.github.provider import ConfiguredGitHubProvider

urlpatterns = default_urlpatterns(ConfiguredGitHubProvider)
