"""What answers look like, for the OpenAPI document (crates-io-api reference, 1.1).

Nothing is read or written through these: registry.api.rendering makes the answers.
"""

from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from accounts.scopes import Scope
from registry.models import Evidence


class Shape(serializers.Serializer[Any]):
    """An object of the document, under the name of its class without `Shape`."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        set_override(cls, "component_name", cls.__name__.removesuffix("Shape"))


@extend_schema_field(OpenApiTypes.INT32)
class SmallNumber(serializers.IntegerField):
    """An id, or a number of things that nobody has millions of."""


@extend_schema_field(OpenApiTypes.INT64)
class LargeNumber(serializers.IntegerField):
    """A sum."""


@extend_schema_field(OpenApiTypes.OBJECT)
class AnyObject(serializers.JSONField):
    """An object whose keys differ."""


def answer(name: str, **fields: serializers.Field[Any, Any, Any, Any]) -> Any:
    """An object with these keys, under a name of its own in the document."""
    return inline_serializer(name, fields)


def text(about: str = "", *, null: bool = False, optional: bool = False) -> serializers.CharField:
    return serializers.CharField(help_text=about, allow_null=null, required=not optional)


def number(about: str = "", *, null: bool = False) -> SmallNumber:
    return SmallNumber(help_text=about, allow_null=null)


def total(about: str = "", *, null: bool = False) -> LargeNumber:
    return LargeNumber(help_text=about, allow_null=null)


def flag(
    about: str = "", *, null: bool = False, optional: bool = False
) -> serializers.BooleanField:
    return serializers.BooleanField(help_text=about, allow_null=null, required=not optional)


def moment(
    about: str = "", *, null: bool = False, optional: bool = False
) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=about, allow_null=null, required=not optional)


def texts(about: str = "", *, null: bool = False, optional: bool = False) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(), help_text=about, allow_null=null, required=not optional
    )


def choice(*values: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=values)


def done(name: str) -> Any:
    """`{"ok": true}`."""
    return answer(name, ok=flag())


class UserShape(Shape):
    id = number("opaque identifier of the user")
    login = text("name of the account")
    name = text("name to show", null=True)
    avatar = text("address of the picture", null=True)
    url = text("profile on GitHub")
    github_username_matches = flag("whether a linked GitHub account has the name of this one")
    created_at = moment()


class AuthenticatedUserShape(Shape):
    id = number("opaque identifier of the user")
    login = text("name of the account")
    name = text("name to show", null=True)
    email = text(null=True)
    email_verified = flag()
    email_verification_sent = flag()
    avatar = text("address of the picture", null=True)
    url = text("profile on GitHub")
    is_admin = flag("whether the admin pages are open to the user")
    publish_notifications = flag("whether letters about new versions are wanted")
    created_at = moment()


class TeamShape(Shape):
    id = number("opaque identifier of the team")
    login = text("`github:ORGANIZATION:TEAM`")
    name = text("name to show", null=True)
    avatar = text("address of the picture", null=True)
    url = text("the organization on GitHub")


class OwnerShape(TeamShape):
    id = number("identifier of the user or the team, as `kind` says")
    login = text("name of the account, or `github:ORGANIZATION:TEAM`")
    kind = text("`user` or `team`")
    github_username_matches = serializers.BooleanField(
        required=False, help_text="only of users: whether a linked GitHub account has this name"
    )


class KeywordShape(Shape):
    id = text("opaque identifier of the keyword")
    keyword = text()
    created_at = moment()
    crates_cnt = number("how many crates have the keyword")


class CategoryShape(Shape):
    id = text("opaque identifier of the category")
    category = text("name to show")
    slug = text("as manifests name it")
    description = text()
    created_at = moment()
    crates_cnt = number("how many crates have the category")


class CategoryFamilyShape(CategoryShape):
    subcategories = CategoryShape(many=True)
    parent_categories = CategoryShape(many=True)


class SlugShape(Shape):
    id = text("opaque identifier of the category")
    slug = text("as manifests name it")
    description = text()


class CrateLinksShape(Shape):
    version_downloads = text("path of the crate's downloads day by day")
    versions = text("path of its versions; null where they are in the answer", null=True)
    owners = text("path of its owners")
    owner_team = text("path of the teams among its owners")
    owner_user = text("path of the people among its owners")
    reverse_dependencies = text("path of the crates that depend on it")


class CrateShape(Shape):
    id = text("the name once more")
    name = text()
    updated_at = moment("when the last version was published")
    versions = serializers.ListField(
        child=SmallNumber(), allow_null=True, help_text="ids of the versions, newest first"
    )
    keywords = texts("null where they were not asked for", null=True)
    categories = texts("null where they were not asked for", null=True)
    badges = serializers.ListField(child=AnyObject(), help_text="always empty")
    created_at = moment()
    downloads = total("of all versions, ever")
    recent_downloads = total("of all versions, in the last 90 days", null=True)
    default_version = text("the version to show", null=True)
    num_versions = number()
    yanked = flag("whether all versions are yanked")
    max_version = text("highest version; `0.0.0` where versions were not asked for")
    newest_version = text("version published last; `0.0.0` where they were not asked for")
    max_stable_version = text("highest version that is no pre-release", null=True)
    description = text(null=True)
    homepage = text(null=True)
    documentation = text(null=True)
    repository = text(null=True)
    links = CrateLinksShape(help_text="paths of what else there is")
    exact_match = flag("whether the crate has exactly the name searched for")
    trustpub_only = flag("whether new versions come from trusted publishing alone")


class VersionLinksShape(Shape):
    dependencies = text("path of the version's dependencies")
    version_downloads = text("path of its downloads day by day")
    authors = text("path of its authors, who are no longer kept")
    attestations = text("path of its attestations; null without any", null=True)


class AuditActionShape(Shape):
    action = text("`publish`, `yank` or `unyank`")
    user = UserShape()
    time = moment()


class GitHubDataShape(Shape):
    provider = choice("github")
    repository = text("`OWNER/NAME`")
    run_id = text("the run of the workflow")
    sha = text("the commit")


class GitLabDataShape(Shape):
    provider = choice("gitlab")
    project_path = text("`NAMESPACE/PROJECT`")
    job_id = text("the job")
    sha = text("the commit")


class ProvenanceShape(Shape):
    kind = text("how the version came here")
    evidence = choice(*Evidence.values)
    provider = text(null=True)
    issuer = text(null=True)
    repository = text(null=True)
    repository_id = text(null=True)
    owner_id = text(null=True)
    workflow = text(null=True)
    workflow_sha = text(null=True)
    sha = text(null=True)
    ref = text(null=True)
    event = text(null=True)
    environment = text(null=True)
    run_id = text(null=True)
    run_attempt = text(null=True)
    links = serializers.DictField(child=serializers.CharField(), help_text="web addresses")


class AttestationShape(Shape):
    predicate_type = text("what the statement says of the archive")
    sha256 = text("SHA-256 of the bundle in hex")
    received_at = moment()
    signed_at = moment("as the log or a timestamp authority says")
    verified = flag("whether it held when it was verified last")
    verified_at = moment("when it held for the last time")
    verifier = text("program and version")
    trust_root = text("name and SHA-256 of the root of trust")
    failure = text("why it does not hold any more", null=True)
    log_index = total("place in the transparency log", null=True)
    log_id = text(null=True)
    certificate = serializers.DictField(
        child=serializers.CharField(), help_text="what the certificate says of the CI job"
    )


class VersionShape(Shape):
    id = number("opaque identifier of the version")
    crate = text("name of the crate")
    num = text("the version's number")
    dl_path = text("path of the archive")
    readme_path = text("path of the readme as HTML")
    updated_at = moment("when the version was last yanked or un-yanked")
    created_at = moment()
    downloads = number()
    features = serializers.DictField(child=texts())
    yanked = flag()
    yank_message = text("why it was yanked", null=True)
    lib_links = text("the native library that it links to", null=True)
    license = text("an SPDX expression", null=True)
    links = VersionLinksShape(help_text="paths of what else there is")
    crate_size = number("bytes of the archive")
    published_by = UserShape(allow_null=True, help_text="null if it came from a CI job")
    audit_actions = AuditActionShape(many=True)
    checksum = text("SHA-256 of the archive in hex")
    rust_version = text("oldest Rust that compiles it", null=True)
    has_lib = flag("whether it can be used as a library")
    bin_names = texts("names of its programs")
    edition = text("edition of Rust", null=True)
    description = text(null=True)
    homepage = text(null=True)
    documentation = text(null=True)
    repository = text(null=True)
    trustpub_data = PolymorphicProxySerializer(
        component_name="TrustpubData",
        serializers=[GitHubDataShape, GitLabDataShape],
        resource_type_field_name=None,
        allow_null=True,
        help_text="where in CI it came from; the fields depend on `provider`",
    )
    linecounts = AnyObject(allow_null=True, help_text="always null: lines are not counted")
    provenance = ProvenanceShape(help_text="all that is known of where it came from")


class DependencyShape(Shape):
    id = number("opaque identifier of the dependency")
    version_id = number("the version that has it")
    crate_id = text("name of the crate that is depended on")
    req = text("which versions will do")
    optional = flag()
    default_features = flag()
    features = texts("features that are switched on")
    target = text("only on this platform", null=True)
    kind = text("`normal`, `dev` or `build`")
    downloads = total("only of reverse dependencies: of the crate that depends")


class VersionDownloadShape(Shape):
    version = number("id of the version")
    downloads = number("on this day")
    date = text("the day in UTC, as YYYY-MM-DD")


class ExtraDownloadShape(Shape):
    date = text("the day in UTC, as YYYY-MM-DD")
    downloads = total("of all other versions")


class ApiTokenShape(Shape):
    id = number("opaque identifier of the token")
    name = text()
    created_at = moment()
    last_used_at = moment(null=True)
    crate_scopes = texts("patterns of the crates that it is limited to", null=True)
    endpoint_scopes = serializers.ListField(
        child=choice(*Scope), allow_null=True, help_text="null of a token without limits"
    )
    expired_at = moment("when it expires or did so", null=True)


class ApiTokenWithTokenShape(ApiTokenShape):
    token = text("the token itself, shown only here")


class OwnedCrateShape(Shape):
    id = number()
    name = text()
    email_notifications = flag("no longer of use")


class PublishWarningsShape(Shape):
    invalid_categories = texts("always empty")
    invalid_badges = texts("always empty")
    other = texts("always empty")


class TotalShape(Shape):
    total = total("how many there are on all pages")


class NextPageShape(TotalShape):
    next_page = text("query string of the next page", null=True)


class PageShape(NextPageShape):
    prev_page = text("query string of the page before", null=True)


class ReleaseTrackDetailsShape(Shape):
    highest = text("highest version of the track")


class EvidenceLineShape(Shape):
    latest = text("version published last")
    evidence = choice(*Evidence.values)
    trusted_since = text(
        "since when all came from trusted publishing; null if the last did not", null=True
    )
    lost_in = texts("versions that did not although the one before did")
    source_changed_in = texts("versions that came from another repository than before")


class CrateEvidenceShape(Shape):
    crate = text()
    versions = serializers.DictField(child=choice(*Evidence.values), help_text="by number")
    line = EvidenceLineShape(help_text="of all versions, in the order of publishing")
    release_lines = serializers.DictField(
        child=EvidenceLineShape(), help_text="the same by line of compatible versions"
    )


class VersionsMetaShape(NextPageShape):
    release_tracks = serializers.DictField(
        child=ReleaseTrackDetailsShape(),
        required=False,
        help_text="only with `include=release_tracks`",
    )
