"""What requests hold, for the OpenAPI document; registry.api.requests reads them."""

from rest_framework.serializers import ListField

from registry.api.shapes import AnyObject, Shape, SmallNumber, answer, flag, moment, text, texts
from registry.formats.attestation import MAX_BUNDLES


class CrateUpdateShape(Shape):
    trustpub_only = flag(
        "whether new versions come from trusted publishing alone", null=True, optional=True
    )


class VersionUpdateShape(Shape):
    yanked = flag(null=True, optional=True)
    yank_message = text("why; only of a yanked version", null=True, optional=True)


class NewApiTokenShape(Shape):
    name = text()
    endpoint_scopes = texts(
        "what it may do; without them everything that a token can do", null=True, optional=True
    )
    crate_scopes = texts("patterns like `tide` and `tide-*`", null=True, optional=True)
    expired_at = moment("when it shall expire", null=True, optional=True)


class UserUpdateShape(Shape):
    email = text("gets a letter to confirm it", null=True, optional=True)
    publish_notifications = flag(
        "whether letters about new versions are wanted", null=True, optional=True
    )


class EmailNotificationsShape(Shape):
    id = SmallNumber(help_text="of a crate")
    email_notifications = flag()


# Cargo says `users` for `owners`.
OWNERS = answer(
    "OwnersRequest", owners=texts("logins of people, and teams as `github:ORGANIZATION:TEAM`")
)
CRATE_UPDATE = answer("UpdateCrateRequest", crate=CrateUpdateShape())
VERSION_UPDATE = answer("UpdateVersionRequest", version=VersionUpdateShape())
ATTESTATIONS = answer(
    "AttestationsRequest",
    attestations=ListField(
        child=AnyObject(), min_length=1, max_length=MAX_BUNDLES, help_text="Sigstore bundles, v0.3"
    ),
)
NEW_TOKEN = answer("CreateTokenRequest", api_token=NewApiTokenShape())
USER_UPDATE = answer("UpdateUserRequest", user=UserUpdateShape())
NOTIFICATIONS = EmailNotificationsShape(many=True)
