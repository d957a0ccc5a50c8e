"""The two steps of the code flow, against OIDC_ISSUER."""

import logging
from typing import Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.errors import NotFound
from accounts.pages.sign_in_limit import limited

logger = logging.getLogger(__name__)


class ConfiguredOpenIDConnectAdapter(OpenIDConnectOAuth2Adapter):
    """Believes the discovery document of the configured issuer, and no other."""

    @property
    def openid_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().openid_config
        if str(config.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
            raise OAuth2Error("the discovery document names another issuer than OIDC_ISSUER")
        return config

    def get_callback_url(self, request: HttpRequest, app: object) -> str:
        # A forged Host header must not choose where the code is sent.
        path = reverse("openid_connect_callback", kwargs={"provider_id": self.provider_id})
        return f"{settings.PUBLIC_URL}{path}"


@limited
def oauth2_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _step(OAuth2LoginView, request, provider_id)


@limited
def oauth2_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _step(OAuth2CallbackView, request, provider_id)


def _step(view: type[Any], request: HttpRequest, provider_id: str) -> HttpResponse:
    if not settings.OIDC_LOGIN:
        raise NotFound
    adapter = ConfiguredOpenIDConnectAdapter(request, provider_id)
    try:
        answer: HttpResponse = view.adapter_view(adapter)(request)
    except (OSError, OAuth2Error) as problem:
        # What allauth asks with raises kinds of OSError. This is before the browser left; what
        # fails after it came back allauth catches itself.
        logger.warning("OIDC_ISSUER cannot be used: %s", problem)
        return render(
            request, "accounts/sign_in_failed.html", {"provider": settings.OIDC_NAME}, status=503
        )
    return answer
