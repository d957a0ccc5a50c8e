"""How the OpenAPI document describes publish tokens."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class PublishTokenScheme(OpenApiAuthenticationExtension):
    target_class = "trustpub.authentication.PublishTokenAuthentication"
    name = "publish_token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "A publish token that a CI job was given for its ID token.",
        }


class PublishTokenReadsScheme(PublishTokenScheme):
    target_class = "trustpub.authentication.PublishTokenReads"
