"""allauth finds the provider here by the module's name."""

import hashlib
from typing import Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider

from accounts.openid_connect.views import ConfiguredOpenIDConnectAdapter


class ConfiguredOpenIDConnectProvider(OpenIDConnectProvider):
    """`sub` says who somebody is, and only together with the issuer that says it."""

    oauth2_adapter_class = ConfiguredOpenIDConnectAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Another OIDC_ISSUER that gives out the same `sub` opens nobody's account."""
        subjects = {str(part["sub"]) for part in data.values() if part and part.get("sub")}
        if len(subjects) != 1:
            # OpenID Connect Core 5.3.2: such an answer is about somebody else.
            raise OAuth2Error("the ID token and the answer about the person name different people")
        identity = f"{self.app.settings['server_url']}\n{subjects.pop()}"
        return hashlib.sha256(identity.encode()).hexdigest()


provider_classes = [ConfiguredOpenIDConnectProvider]
