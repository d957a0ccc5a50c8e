"""How the OpenAPI document describes our ways of saying who asks."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class Scheme(OpenApiAuthenticationExtension):
    """One way, under the name that it has in crates.io's document."""

    definition: ClassVar[dict[str, Any]]

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return self.definition


class ApiTokenScheme(Scheme):
    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "api_token"
    definition: ClassVar[dict[str, Any]] = {
        "type": "apiKey",
        "in": "header",
        "name": "authorization",
        "description": "An API token as it is, or after `Bearer`.",
    }


class SessionScheme(Scheme):
    target_class = "accounts.authentication.SessionAuthentication"
    name = "cookie"
    definition: ClassVar[dict[str, Any]] = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The browser's session, with a CSRF token on every change.",
    }
