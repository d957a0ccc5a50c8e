"""What answers look like, for the OpenAPI document (crates-io-api reference, 1.1).

Nothing is read or written through these: registry.api.rendering makes the answers.
"""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers


def answer(name: str, **fields: serializers.Field[Any, Any, Any, Any]) -> Any:
    """An object with these keys, under a name of its own in the document."""
    return inline_serializer(name, fields)


def text(*, null: bool = False) -> serializers.CharField:
    return serializers.CharField(allow_null=null)


def number(*, null: bool = False) -> serializers.IntegerField:
    return serializers.IntegerField(allow_null=null)


def flag() -> serializers.BooleanField:
    return serializers.BooleanField()


def moment(*, null: bool = False) -> serializers.DateTimeField:
    return serializers.DateTimeField(allow_null=null)


def texts(*, null: bool = False) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), allow_null=null)


def done(name: str) -> Any:
    """`{"ok": true}`."""
    return answer(name, ok=flag())


@extend_schema_field(OpenApiTypes.OBJECT)
class AnyObject(serializers.JSONField):
    """An object whose keys differ."""


class UserShape(serializers.Serializer[Any]):
    id = number()
    login = text()
    name = text(null=True)
    avatar = text(null=True)
    url = text()
    github_username_matches = flag()
    created_at = moment()


class KeywordShape(serializers.Serializer[Any]):
    id = text()
    keyword = text()
    created_at = moment()
    crates_cnt = number()


class CategoryShape(serializers.Serializer[Any]):
    id = text()
    category = text()
    slug = text()
    description = text()
    created_at = moment()
    crates_cnt = number()


class CategoryFamilyShape(CategoryShape):
    subcategories = CategoryShape(many=True)
    parent_categories = CategoryShape(many=True)


class CategorySlugShape(serializers.Serializer[Any]):
    id = text()
    slug = text()
    description = text()


class CrateLinksShape(serializers.Serializer[Any]):
    version_downloads = text()
    versions = text(null=True)
    owners = text()
    owner_team = text()
    owner_user = text()
    reverse_dependencies = text()


class CrateShape(serializers.Serializer[Any]):
    id = text()
    name = text()
    created_at = moment()
    updated_at = moment()
    versions = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    keywords = texts(null=True)
    categories = texts(null=True)
    badges = serializers.ListField(child=AnyObject())
    downloads = number()
    recent_downloads = number(null=True)
    default_version = text(null=True)
    num_versions = number()
    yanked = flag()
    max_version = text()
    newest_version = text()
    max_stable_version = text(null=True)
    description = text(null=True)
    homepage = text(null=True)
    documentation = text(null=True)
    repository = text(null=True)
    links = CrateLinksShape()
    exact_match = flag()
    trustpub_only = flag()


class VersionLinksShape(serializers.Serializer[Any]):
    dependencies = text()
    version_downloads = text()
    authors = text()


class AuditActionShape(serializers.Serializer[Any]):
    action = text()
    user = UserShape()
    time = moment()


class VersionShape(serializers.Serializer[Any]):
    id = number()
    crate = text()
    num = text()
    dl_path = text()
    readme_path = text()
    created_at = moment()
    updated_at = moment()
    downloads = number()
    features = serializers.DictField(child=texts())
    yanked = flag()
    yank_message = text(null=True)
    lib_links = text(null=True)
    license = text(null=True)
    links = VersionLinksShape()
    crate_size = number()
    published_by = UserShape(allow_null=True)
    audit_actions = AuditActionShape(many=True)
    checksum = text()
    rust_version = text(null=True)
    edition = text(null=True)
    has_lib = flag()
    bin_names = texts()
    description = text(null=True)
    homepage = text(null=True)
    documentation = text(null=True)
    repository = text(null=True)
    trustpub_data = AnyObject(allow_null=True)
    linecounts = AnyObject(allow_null=True)
    provenance = AnyObject()


class DependencyShape(serializers.Serializer[Any]):
    id = number()
    version_id = number()
    crate_id = text()
    req = text()
    optional = flag()
    default_features = flag()
    features = texts()
    target = text(null=True)
    kind = text()
    downloads = number()


class TokenShape(serializers.Serializer[Any]):
    id = number()
    name = text()
    created_at = moment()
    last_used_at = moment(null=True)
    crate_scopes = texts(null=True)
    endpoint_scopes = texts(null=True)
    expired_at = moment(null=True)


class NewTokenShape(TokenShape):
    token = text()


class OwnedCrateShape(serializers.Serializer[Any]):
    id = number()
    name = text()
    email_notifications = flag()


class AuthenticatedUserShape(UserShape):
    email = text(null=True)
    email_verified = flag()
    email_verification_sent = flag()
    is_admin = flag()
    publish_notifications = flag()


class TotalShape(serializers.Serializer[Any]):
    total = number()


class PageShape(TotalShape):
    next_page = text(null=True)
    prev_page = text(null=True)


class VersionsMetaShape(TotalShape):
    next_page = text(null=True)
    release_tracks = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()), required=False
    )
