"""Publishes one version: the frame that cargo sends becomes rows, a stored archive, an index line.

The order of the checks is the one of the crates-io-api reference, 2.3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import audit
from accounts.scopes import Scope
from adapters import jobs
from registry import storage
from registry.actors import Actor
from registry.errors import (
    InQuarantine,
    InvalidUpload,
    NameRecentlyDeleted,
    NameReserved,
    NameTaken,
    SpelledDifferently,
    TrustedPublishingOnly,
    UploadTooLarge,
    VersionDeleted,
    VersionExists,
)
from registry.formats.archive import Archive, read_archive
from registry.formats.categories import CATEGORY_SLUGS
from registry.formats.dependencies import resolve_registries
from registry.formats.errors import FormatError, TooLarge
from registry.formats.index_entry import IndexEntry, index_line
from registry.formats.manifest import Dependency as Required
from registry.formats.manifest import Manifest, ManifestLimits, read_manifest
from registry.formats.names import canonical, check_crate_name
from registry.formats.publish_frame import (
    ArchiveDigest,
    PublishMetadata,
    read_archive_into,
    read_metadata,
)
from registry.formats.semver import Version as Semver
from registry.models import (
    Crate,
    CrateLimits,
    DeletedCrate,
    DeletedVersion,
    LimitedAction,
    Ownership,
    Provenance,
    PublishKind,
    ReservedName,
    Version,
    VersionAction,
)
from registry.operations import index, search_document, summary, topics
from registry.operations.dependencies import check_registries, save_dependencies
from registry.operations.packed_tokens import refuse_tokens
from registry.operations.rate_limits import check_daily_versions, take_token
from registry.operations.yank import yank
from registry.policies import Action, require_rights, require_scope
from registry.queries.ci_only import ci_only_because
from registry.queries.provenance_line import break_of

MAX_VERSION_LENGTH = 150
# Uploads up to this size stay in memory while they are read.
SPOOL_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an import comes from: what the other registry calls itself, and what it says of it."""

    index_urls: frozenset[str] = frozenset()
    published_at: datetime | None = None
    # Nobody sees the version before it is yanked.
    yanked: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """What the upload's first part asks for, before its archive is read."""

    metadata: PublishMetadata
    number: Semver
    is_first: bool
    limits: ManifestLimits
    max_upload_bytes: int
    origin: Origin

    @property
    def published_at(self) -> datetime:
        """In whole seconds: what the index says of a version must be what the API says."""
        return (self.origin.published_at or timezone.now()).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Package:
    """The archive as it was read: what it is and what it says of itself."""

    digest: ArchiveDigest
    archive: Archive
    manifest: Manifest
    dependencies: tuple[Required, ...]


def publish(
    *, actor: Actor, stream: BinaryIO, user_agent: str = "", origin: Origin | None = None
) -> Version:
    """Reads a publish frame from `stream` and publishes what it holds.

    Raises a Refusal; then no row and no file of the upload remain.
    """
    with _format_errors_refused():
        metadata = read_metadata(stream)
        intent = _intend(actor, metadata, origin or Origin())
        with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
            file = cast(BinaryIO, spooled)
            digest = read_archive_into(stream, file, limit=intent.max_upload_bytes)
            # Before the archive is opened: a stolen token must not reach the parsers either.
            actor.check_binding(intent.metadata.name, intent.metadata.vers, digest.sha256)
            archive = _unpack(intent, file)
            # In a transaction of its own: the tokens are to die although the upload is refused.
            refuse_tokens(actor, intent.metadata, archive.tokens)
            package = _inspect(intent, archive, digest)
            return _commit(actor, intent, package, file, user_agent)


@contextmanager
def _format_errors_refused() -> Iterator[None]:
    try:
        yield
    except TooLarge as error:
        raise UploadTooLarge(str(error)) from None
    except FormatError as error:
        raise InvalidUpload(str(error)) from None


def _intend(actor: Actor, metadata: PublishMetadata, origin: Origin) -> Intent:
    """Everything that can be refused before the archive is read."""
    check_crate_name(metadata.name)
    number = Semver.parse(metadata.vers)
    if len(metadata.vers) > MAX_VERSION_LENGTH:
        raise InvalidUpload(
            f"the version number is too long ({len(metadata.vers)} characters, "
            f"at most {MAX_VERSION_LENGTH})"
        )
    crate = Crate.everything.named(metadata.name).first()
    _check_not_hidden(crate)
    scope = Scope.PUBLISH_UPDATE if crate else Scope.PUBLISH_NEW
    require_scope(actor, scope, metadata.name)
    actor.check_binding(metadata.name, metadata.vers, None)
    _check_ci_only(actor, crate, metadata.name)
    actor.check_may_publish()
    limited = LimitedAction.PUBLISH_UPDATE if crate else LimitedAction.PUBLISH_NEW
    take_token(actor, limited, metadata.name)
    if crate:
        actor.look_up_rights(crate)
    else:
        _check_name_is_free(metadata.name)
    return _limited(metadata, number, origin, is_first=crate is None)


def _check_not_hidden(crate: Crate | None) -> None:
    """Before everything else: whose name it is and who may publish is not to be seen either."""
    if crate is not None and crate.hidden_at:
        raise InQuarantine(crate.name)


def _check_ci_only(actor: Actor, crate: Crate | None, name: str) -> None:
    if actor.user is not None and (reason := ci_only_because(crate)):
        raise TrustedPublishingOnly(name, reason)


def _check_name_is_free(name: str) -> None:
    held = DeletedCrate.objects.filter(
        canonical_name=canonical(name), available_at__gt=timezone.now()
    )
    if found := held.order_by("available_at").last():
        raise NameRecentlyDeleted(name, found.available_at)


def _limited(
    metadata: PublishMetadata, number: Semver, origin: Origin, *, is_first: bool
) -> Intent:
    own = CrateLimits.objects.filter(canonical_name=canonical(metadata.name)).first()
    max_features = (own and own.max_features) or settings.MAX_FEATURES
    return Intent(
        metadata=metadata,
        number=number,
        is_first=is_first,
        limits=ManifestLimits(
            max_features=max_features, max_dependencies=settings.MAX_DEPENDENCIES
        ),
        max_upload_bytes=(own and own.max_upload_bytes) or settings.MAX_UPLOAD_BYTES,
        origin=origin,
    )


def _unpack(intent: Intent, file: BinaryIO) -> Archive:
    file.seek(0)
    return read_archive(
        file,
        name=intent.metadata.name,
        version=intent.metadata.vers,
        max_unpacked_bytes=max(settings.MAX_UNPACKED_BYTES, intent.max_upload_bytes),
        max_entries=settings.MAX_ARCHIVE_ENTRIES,
        token_prefix=settings.TOKEN_PREFIX,
    )


def _inspect(intent: Intent, archive: Archive, digest: ArchiveDigest) -> Package:
    metadata = intent.metadata
    manifest = read_manifest(archive.manifest_text, archive.paths, limits=intent.limits)
    for what, sent, said in (
        ("name", metadata.name, manifest.name),
        ("version", metadata.vers, manifest.version),
    ):
        if sent != said:
            raise InvalidUpload(f"metadata {what} `{sent}` does not match manifest {what} `{said}`")
    unknown = [slug for slug in manifest.categories if slug not in CATEGORY_SLUGS]
    if unknown:
        raise InvalidUpload(
            "The following category slugs are not currently supported: "
            f"{', '.join(unknown)}. Choose from crates.io's list of category slugs."
        )
    dependencies = resolve_registries(
        manifest.dependencies,
        metadata.dependencies,
        intent.origin.index_urls | {settings.INDEX_URL},
    )
    check_registries(dependencies)
    return Package(digest, archive, manifest, dependencies)


@transaction.atomic
def _commit(
    actor: Actor, intent: Intent, package: Package, file: BinaryIO, user_agent: str
) -> Version:
    """One transaction: crate, version, dependencies, provenance, archive, outbox, audit event."""
    crate = _find_or_found(actor, intent)
    version = _save_version(actor, crate, intent, package, user_agent)
    save_dependencies(version, package.dependencies)
    _describe(crate, version)
    facts = actor.provenance()
    Provenance.objects.create(version=version, kind=facts.kind, **facts.fields)
    if actor.user:
        VersionAction.objects.create(
            version=version,
            user=actor.user,
            api_token_id=actor.api_token.pk if actor.api_token else None,
            action=VersionAction.Action.PUBLISH,
        )
    if broken := break_of(version):
        jobs.after_commit("registry.mail_provenance_break", version.pk, str(broken))
    actor.published(version, is_first=intent.is_first)
    audit.record(
        "version.published",
        actor=actor,
        crate=crate.name,
        subject=str(version),
        after={"checksum": version.checksum, "size": version.size, "kind": facts.kind},
    )
    index.note_change(crate)
    if facts.kind != PublishKind.IMPORTED:
        jobs.after_commit("registry.mail_version_published", version.pk, actor.label)
        if intent.is_first:
            jobs.after_commit("registry.review_new_crate", crate.pk)
    if intent.origin.yanked:
        yank(actor=actor, version=version)
    # Last, so that a refusal by the database leaves no file behind.
    file.seek(0)
    storage.store_archive(crate.name, version.num, file)
    return version


def _find_or_found(actor: Actor, intent: Intent) -> Crate:
    """The crate under lock; a new one belongs to the actor's founder."""
    name = intent.metadata.name
    if ReservedName.objects.reserves(name):
        raise NameReserved
    if intent.is_first:
        _check_ci_only(actor, None, name)
        return _found(actor, intent)
    deleted = DeletedVersion.objects.held().filter(
        canonical_name=OuterRef("canonical_name"), num_without_build=intent.number.without_build
    )
    rows = Crate.everything.locked().named(name).annotate(number_is_held=Exists(deleted))
    crate = rows.first()
    if crate is None:
        raise NameTaken(name)
    _check_not_hidden(crate)
    if getattr(crate, "number_is_held", False):
        raise VersionDeleted(crate.name, intent.metadata.vers)
    require_rights(actor, Action.PUBLISH, crate)
    _check_ci_only(actor, crate, name)
    if crate.name != name:
        raise SpelledDifferently(crate.name)
    check_daily_versions(actor, crate)
    return crate


def _found(actor: Actor, intent: Intent) -> Crate:
    name = intent.metadata.name
    # The name first: who loses it must not hold what the winner is about to remove.
    try:
        with transaction.atomic():
            crate = Crate.objects.create(
                name=name, canonical_name=canonical(name), created_at=intent.published_at
            )
    except IntegrityError:
        raise actor.name_was_taken(name) from None
    founder = actor.founder_of(name)
    if import_string(settings.NAME_HOLDER)(name) not in (None, founder):
        raise NameReserved
    Ownership.objects.create(crate=crate, user=founder, created_by=founder)
    audit.record("crate.created", actor=actor, crate=name, subject=name)
    return crate


def _save_version(
    actor: Actor, crate: Crate, intent: Intent, package: Package, user_agent: str
) -> Version:
    manifest, metadata = package.manifest, intent.metadata
    now = intent.published_at
    version = Version(
        crate=crate,
        num=metadata.vers,
        num_without_build=intent.number.without_build,
        created_at=now,
        updated_at=now,
        checksum=package.digest.sha256,
        size=package.digest.size,
        features=manifest.features,
        links=manifest.links or "",
        license=manifest.license or "",
        license_file=manifest.license_file or "",
        rust_version=manifest.rust_version or "",
        edition=manifest.edition or "",
        description=manifest.description or "",
        homepage=manifest.homepage or "",
        documentation=manifest.documentation or "",
        repository=manifest.repository or "",
        keywords=list(manifest.keywords),
        categories=list(manifest.categories),
        has_lib=manifest.has_lib,
        lib_name=manifest.lib_name or "",
        bin_names=list(manifest.bin_names),
        readme=metadata.readme or "",
        readme_file=metadata.readme_file or "",
        vcs_info=package.archive.vcs_info,
        user_agent=user_agent[:255],
        published_by=actor.user,
    )
    version.index_line = index_line(_index_entry(version, package.dependencies))
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError:
        raise VersionExists(version.num_without_build) from None
    return version


def _index_entry(version: Version, dependencies: tuple[Required, ...]) -> IndexEntry:
    return IndexEntry(
        name=version.crate.name,
        vers=version.num,
        deps=dependencies,
        cksum=version.checksum,
        features=version.features,
        yanked=version.yanked,
        links=version.links or None,
        rust_version=version.rust_version or None,
        pubtime=version.created_at,
    )


def _describe(crate: Crate, version: Version) -> None:
    """The crate shows what its last published version says (crates-io-api reference, 2.8)."""
    crate.description = version.description
    crate.homepage = version.homepage
    crate.documentation = version.documentation
    crate.repository = version.repository
    crate.keywords = version.keywords
    crate.categories = version.categories
    topics.file_under(crate, keywords=version.keywords, categories=version.categories)
    summary.note_published(crate, version)
    search_document.write(crate, readme=version.readme)
