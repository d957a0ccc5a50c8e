"""allauth finds the provider here by the module's name."""

from allauth.socialaccount.providers.github.provider import GitHubProvider

from accounts.github.views import ConfiguredGitHubAdapter


class ConfiguredGitHubProvider(GitHubProvider):
    oauth2_adapter_class = ConfiguredGitHubAdapter


provider_classes = [ConfiguredGitHubProvider]
