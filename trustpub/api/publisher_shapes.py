"""What requests and answers about publishers look like, for the OpenAPI document."""

from rest_framework import serializers

from registry.api.shapes import Shape, answer, flag, moment, number, text, texts
from trustpub.api.shapes import RestrictionsShape, restrictions
from trustpub.conditions import ConditionKind

_FIELDS = serializers.DictField(child=serializers.CharField(allow_null=True))


class TextOrTexts(serializers.JSONField):
    """One value, or a list of values of which one must match."""


class ConditionShape(Shape):
    field = text()
    kind = serializers.ChoiceField([kind.value for kind in ConditionKind])
    value = TextOrTexts()


class PublisherShape(Shape):
    id = number()
    crate = text()
    pending = flag()
    title = text()
    provider = text()
    issuer = text()
    fields = _FIELDS  # type: ignore[assignment]
    rules = RestrictionsShape()
    conditions = ConditionShape(many=True)
    repository_id = text(null=True)
    owner_id = text(null=True)
    open_to_branches = flag()
    name = text("what the owners call it", optional=True)
    note = text("what they wrote beside it", optional=True)
    ends_at = moment("when it grants nothing any more", optional=True, null=True)
    state = serializers.ChoiceField(["active", "awaiting", "suspended", "expired", "pending"])
    state_reason = serializers.CharField(allow_blank=True)
    needs_consent = flag("another owner has to agree first", optional=True)
    begins_at = moment("when it begins, if it has not", optional=True, null=True)
    team = text("only of a pending one: owns the crate as well", optional=True, null=True)
    created_at = moment()
    expires_at = moment(null=True)
    last_verified_at = moment(null=True)
    last_used_at = moment(null=True)


class ProviderFieldShape(Shape):
    name = text()
    label = text()  # type: ignore[assignment]
    help = text()
    required = flag()  # type: ignore[assignment]
    default = text(null=True)
    pinned_on_first_use = flag()


class ProviderShape(Shape):
    provider = text()
    issuer = text()
    name = text()
    fields = ProviderFieldShape(many=True)  # type: ignore[assignment]


class WantedShape(Shape):
    crate = text()
    issuer = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    fields = _FIELDS  # type: ignore[assignment]
    rules = restrictions()


class AboutShape(Shape):
    """`ends_at` is a day, which counts as a whole, or a time with zone; null for none."""

    name = text(optional=True, null=True)
    note = text(optional=True, null=True)
    ends_at = text(optional=True, null=True)


class EditShape(AboutShape):
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(allow_null=True),
        required=False,
        help_text="those that change",
    )
    rules = restrictions()


class NewPublisherShape(WantedShape, AboutShape):
    pending = serializers.BooleanField(required=False)
    crate = serializers.CharField(required=False)
    crates = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="with `pending`: several names"
    )
    team = text(
        "with `pending`: owns the crate as well; without `crate`: all crates that it owns",
        optional=True,
        null=True,
    )
    days = serializers.IntegerField(required=False, help_text="with `pending`: 1 to 90")


class MissingShape(Shape):
    crate = text()
    issuer = text()
    fields = _FIELDS  # type: ignore[assignment]
    rules = RestrictionsShape()


PROVIDERS = answer("TrustpubProviders", providers=ProviderShape(many=True))
ONE_PUBLISHER = answer("OnePublisher", publisher=PublisherShape())
CREATED = answer(
    "CreatedPublishers",
    publisher=PublisherShape(required=False),
    publishers=PublisherShape(many=True, required=False),
)
PUBLISHER_REQUEST = answer("NewPublisherRequest", publisher=NewPublisherShape())
ABOUT_REQUEST = answer("PublisherAboutRequest", publisher=EditShape())
PUBLISHERS_REQUEST = answer("DeclaredPublishers", crates=texts(), publishers=WantedShape(many=True))
PUBLISHER_LIST = answer(
    "PublisherList",
    publishers=PublisherShape(many=True),
    meta=answer("PublisherListMeta", total=number(), next_page=text(null=True)),
)
DIFFERENCE = answer(
    "PublisherDifference",
    dry_run=flag(),
    added=MissingShape(many=True),
    removed=PublisherShape(many=True),
    kept=PublisherShape(many=True),
)
