"""How the OpenAPI document describes publish tokens."""

from typing import Any, ClassVar

from accounts.api.schema import Scheme


class PublishTokenScheme(Scheme):
    target_class = "trustpub.authentication.PublishTokenAuthentication"
    name = "trustpub_token"
    definition: ClassVar[dict[str, Any]] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A publish token that a CI job was given for its ID token.",
    }


class PublishTokenReadsScheme(PublishTokenScheme):
    target_class = "trustpub.authentication.PublishTokenReads"
