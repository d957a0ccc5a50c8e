"""What trusted publishing asks and answers, for the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from registry.api.describe import BY_SEEKING, ID, TOKEN_OR_COOKIE, operation, query
from registry.api.shapes import (
    NextPageShape,
    Shape,
    answer,
    choice,
    flag,
    moment,
    number,
    text,
    texts,
)

TAG = "trusted_publishing"
LABELS = {"github": "GitHub Actions", "gitlab": "GitLab CI/CD"}
View = Callable[[type[Any]], type[Any]]


class RestrictionsShape(Shape):
    """What a job must have beyond the fields; a CI system proves some of it."""

    environment = text("`none`: the job must run without one", optional=True)
    refs = text("`protected`, `tags` or `branches`; `any` asks for nothing", optional=True)
    tag_pattern = text("such as v{version}; with the refs `tags`", optional=True)
    branches = texts("with the refs `branches`", optional=True)
    events = texts("what may start the job", optional=True)
    runner = text("`hosted`: the CI system's own machines alone", optional=True)
    actor = text("`owner`: started by an owner of the crate", optional=True)
    called_workflow = text("of another repository, or `any`", optional=True)
    called_ref = text("full ref or commit of the called workflow", optional=True)
    enterprise = text("slug of the enterprise", optional=True)


def restrictions() -> RestrictionsShape:
    """Left out where nothing is asked."""
    return RestrictionsShape(required=False, help_text="what it asks for beyond the fields")


class RuleShape(Shape):
    """What publishers and pending publishers of every provider have."""

    id = number()
    crate = text("name of the crate")
    environment = text("environment that the job must run in", null=True)
    created_at = moment()
    issuer = text("the installation, by the issuer of its ID tokens")
    rules = restrictions()


class ConfigShape(RuleShape):
    """Of a crate that does not exist yet, it tells when it expires."""

    state = text("`active`, or why nothing can be published", optional=True)
    pending = flag("only, and true, of a pending publisher", optional=True)
    provider = text("only of a pending publisher", optional=True)
    expires_at = moment("only of a pending publisher", optional=True)
    team = text("only of a pending publisher", optional=True, null=True)


class GitHubConfigShape(ConfigShape):
    repository_owner = text()
    repository_owner_id = number(null=True)
    repository_name = text()
    repository_id = text(null=True)
    workflow_filename = text()


class GitLabConfigShape(ConfigShape):
    namespace = text()
    namespace_id = text("null until the first exchange", null=True)
    project = text()
    project_id = text("null until the first exchange", null=True)
    workflow_filepath = text()


class PendingPublisherShape(RuleShape):
    """With the fields of GitHub or GitLab; those of other CI systems are in `fields`."""

    provider = text()
    pending = flag()
    state = serializers.ChoiceField(["pending", "suspended"])
    expires_at = moment()
    team = text("owns the crate beside the caller", null=True)
    repository_owner = text(optional=True)
    repository_owner_id = serializers.IntegerField(required=False, allow_null=True)
    repository_name = text(optional=True)
    repository_id = text(null=True, optional=True)
    owner_id = text(null=True, optional=True)
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(allow_null=True), required=False
    )
    workflow_filename = text(optional=True)
    namespace = text(optional=True)
    namespace_id = text(null=True, optional=True)
    project = text(optional=True)
    project_id = text(null=True, optional=True)
    workflow_filepath = text(optional=True)


class NewConfigShape(Shape):
    crate = text("name of the crate", optional=True)
    environment = text(null=True, optional=True)
    issuer = text("another installation than the provider's own", null=True, optional=True)
    pending = flag("true to found a crate that does not exist yet", optional=True)
    crates = texts("instead of `crate`, with `pending`: all of a workspace", optional=True)
    team = text("with `pending`: a team that owns the crates as well", null=True, optional=True)
    days = serializers.IntegerField(
        required=False, help_text="with `pending`: how long it waits, 1 to 90"
    )
    rules = restrictions()


class NewGitHubConfigShape(NewConfigShape):
    repository_owner = text()
    repository_name = text()
    workflow_filename = text()


class NewGitLabConfigShape(NewConfigShape):
    namespace = text()
    project = text()
    workflow_filepath = text()


CONFIGS: dict[str, type[Shape]] = {"github": GitHubConfigShape, "gitlab": GitLabConfigShape}
NEW_CONFIGS: dict[str, type[Shape]] = {
    "github": NewGitHubConfigShape,
    "gitlab": NewGitLabConfigShape,
}


class ConfigChangeShape(Shape):
    """What is left out stays as it is."""

    environment = text(null=True, optional=True)
    rules = restrictions()


class GitHubConfigChangeShape(ConfigChangeShape):
    repository_owner = text(optional=True)
    repository_name = text(optional=True)
    workflow_filename = text(optional=True)


class GitLabConfigChangeShape(ConfigChangeShape):
    namespace = text(optional=True)
    project = text(optional=True)
    workflow_filepath = text(optional=True)


CONFIG_CHANGES: dict[str, type[Shape]] = {
    "github": GitHubConfigChangeShape,
    "gitlab": GitLabConfigChangeShape,
}


class BindingShape(Shape):
    name = text("name of the crate")
    vers = text("number of the version")
    cksum = text("SHA-256 of the archive in hex")


# Not a class, because `bind` means something else to the fields of one.
class ExchangeShape(Shape):
    jwt = text("the ID token")
    crates = texts("limits the publish token to these crates", null=True, optional=True)
    bind = BindingShape(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="limits the publish token to this archive"
    )
    scope = text("`read` for a token that only reads a private registry", optional=True, null=True)


class GrantedShape(Shape):
    token = text("the publish token; none after a dry run", optional=True)
    dry_run = flag("only, and true, after a dry run", optional=True)
    expires_at = moment()
    crates = texts("which crates it may publish to")
    new_crates = texts("which crates it may found")
    bind = BindingShape(  # type: ignore[assignment]
        allow_null=True, help_text="the only archive that it may upload"
    )
    scopes = texts("only after a dry run", optional=True)
    warnings = texts("only after a dry run: what speaks against the grant", optional=True)


class UploadShape(Shape):
    name = text("name of the crate")
    vers = text("number of the version")
    cksum = text("SHA-256 of the archive in hex", optional=True)


class PreflightShape(Shape):
    jwt = text("the ID token, instead of a publish token; it is spent", optional=True)
    crates = UploadShape(many=True)


class OutcomeShape(Shape):
    name = text("name of the crate")
    vers = text("number of the version")
    status = choice(
        "quarantined", "already_published", "ok", "pending_ok", "name_taken", "no_publisher"
    )
    same_archive = flag("of a version that is there, if `cksum` was sent", optional=True)


class PreflightAnswerShape(Shape):
    crates = OutcomeShape(many=True)


def describe_list(name: str, provider: str) -> View:
    rows: dict[str, Any] = {f"{provider}_configs": CONFIGS[provider](many=True)}
    return extend_schema_view(
        get=operation(
            name,
            TAG,
            f"List trusted publishers of {LABELS[provider]}",
            auth=TOKEN_OR_COOKIE,
            parameters=(
                query("crate", str, "name of the crate; either this or `user_id`"),
                query("user_id", ID, "the caller's own id, for all of their crates"),
                *BY_SEEKING,
            ),
            answer=answer(_camel(name), **rows, meta=NextPageShape()),
        )
    )


def describe_creation(name: str, provider: str) -> View:
    key = f"{provider}_config"
    return extend_schema_view(
        post=operation(
            name,
            TAG,
            f"Add a trusted publisher of {LABELS[provider]}",
            auth=TOKEN_OR_COOKIE,
            body=answer(f"{_camel(name)}Request", **{key: NEW_CONFIGS[provider]()}),
            answer=answer(
                _camel(name),
                **{
                    key: CONFIGS[provider](required=False, help_text="unless `crates` was sent"),
                    f"{key}s": CONFIGS[provider](
                        many=True, required=False, help_text="if `crates` was sent"
                    ),
                },
            ),
        )
    )


def describe_edit(name: str, provider: str) -> View:
    key = f"{provider}_config"
    return extend_schema_view(
        patch=operation(
            name,
            TAG,
            f"Change a trusted publisher of {LABELS[provider]}",
            auth=TOKEN_OR_COOKIE,
            body=answer(f"{_camel(name)}Request", **{key: CONFIG_CHANGES[provider]()}),
            answer=answer(_camel(name), **{key: CONFIGS[provider]()}),
        )
    )


def describe_action(name: str, provider: str) -> View:
    return extend_schema_view(
        post=operation(
            name,
            TAG,
            f"Suspend, resume, confirm, agree to or renew a publisher of {LABELS[provider]}",
            auth=TOKEN_OR_COOKIE,
            answer=answer(_camel(name), **{f"{provider}_config": CONFIGS[provider]()}),
        )
    )


def describe_deletion(name: str, provider: str) -> View:
    return extend_schema_view(
        delete=operation(
            name,
            TAG,
            f"Remove a trusted publisher of {LABELS[provider]}",
            auth=TOKEN_OR_COOKIE,
            status=204,
        )
    )


def _camel(name: str) -> str:
    return name.title().replace("_", "")
