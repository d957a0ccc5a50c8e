"""Publishes one version: the frame that cargo sends becomes rows, a stored archive, an index line.

The order of the checks is the one of the crates-io-api reference, 2.3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from django.conf import settings
from django.db import IntegrityError, transaction
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
from registry.formats.manifest import ManifestLimits, read_manifest
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
    DeletedCrate,
    LimitedAction,
    Ownership,
    PublishKind,
    ReservedName,
    Version,
)
from registry.operations import index
from registry.operations.dependencies import check_registries, dependency_rows
from registry.operations.packed_tokens import refuse_tokens
from registry.operations.rate_limits import check_daily_versions, take_token
from registry.operations.upload import Intent, Origin, Package
from registry.operations.version_rows import describe, new_version, origin_of, save_all
from registry.operations.yank import yank
from registry.policies import Action, require_rights, require_scope
from registry.queries import ci_only, publishing
from registry.queries.provenance_line import break_of
from registry.queries.publishing import Held, Known

MAX_VERSION_LENGTH = 150
# Uploads up to this size stay in memory while they are read.
SPOOL_BYTES = 1024 * 1024


class _NameLost(Exception):
    """Somebody else founded the crate since this upload began."""


def publish(
    *, actor: Actor, stream: BinaryIO, user_agent: str = "", origin: Origin | None = None
) -> Version:
    """Reads a publish frame from `stream` and publishes what it holds.

    Raises a Refusal; then no row and no file of the upload remain.
    """
    with _format_errors_refused():
        metadata = read_metadata(stream)
        intent = _intend(actor, metadata, origin or Origin(), user_agent)
        with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
            file = cast(BinaryIO, spooled)
            digest = read_archive_into(stream, file, limit=intent.max_upload_bytes)
            # Before the archive is opened: a stolen token must not reach the parsers either.
            actor.check_binding(intent.metadata.name, intent.metadata.vers, digest.sha256)
            archive = _unpack(intent, file)
            # In a transaction of its own: the tokens are to die although the upload is refused.
            refuse_tokens(actor, intent.metadata, archive.tokens)
            package = _inspect(intent, archive, digest)
            try:
                return _commit(actor, intent, package, file)
            except _NameLost:
                # Here, since what the actor notes of it would be rolled back there.
                raise actor.name_was_taken(intent.metadata.name) from None


@contextmanager
def _format_errors_refused() -> Iterator[None]:
    try:
        yield
    except TooLarge as error:
        raise UploadTooLarge(str(error)) from None
    except FormatError as error:
        raise InvalidUpload(str(error)) from None


def _intend(actor: Actor, metadata: PublishMetadata, origin: Origin, user_agent: str) -> Intent:
    """Everything that can be refused before the archive is read."""
    name = metadata.name
    check_crate_name(name)
    number = Semver.parse(metadata.vers)
    if len(metadata.vers) > MAX_VERSION_LENGTH:
        raise InvalidUpload(
            f"the version number is too long ({len(metadata.vers)} characters, "
            f"at most {MAX_VERSION_LENGTH})"
        )
    known = publishing.known(name)
    if known:
        _check_not_hidden(known.crate)
    require_scope(actor, Scope.PUBLISH_UPDATE if known else Scope.PUBLISH_NEW, name)
    actor.check_binding(name, metadata.vers, None)
    _check_ci_only(actor, known, name)
    actor.check_may_publish()
    take_token(actor, LimitedAction.PUBLISH_UPDATE if known else LimitedAction.PUBLISH_NEW, name)
    if known is None:
        _check_name_is_free(name)
    elif known.is_of_teams:
        actor.look_up_rights(known.crate)
    own = known.limits if known else publishing.limits_of(name)
    return Intent(
        metadata=metadata,
        number=number,
        is_first=known is None,
        limits=ManifestLimits(
            max_features=own.max_features or settings.MAX_FEATURES,
            max_dependencies=settings.MAX_DEPENDENCIES,
        ),
        max_upload_bytes=own.max_upload_bytes or settings.MAX_UPLOAD_BYTES,
        origin=origin,
        user_agent=user_agent,
    )


def _check_not_hidden(crate: Crate) -> None:
    """Before everything else: whose name it is and who may publish is not to be seen either."""
    if crate.hidden_at:
        raise InQuarantine(crate.name)


def _check_ci_only(actor: Actor, found: Known | Held | None, name: str) -> None:
    crate, team = (found.crate, found.strict_team) if found else (None, None)
    if actor.user is not None and (because := ci_only.reason(crate, team)):
        raise TrustedPublishingOnly(name, because)


def _check_name_is_free(name: str) -> None:
    held = DeletedCrate.objects.filter(
        canonical_name=canonical(name), available_at__gt=timezone.now()
    )
    if found := held.order_by("available_at").last():
        raise NameRecentlyDeleted(name, found.available_at)


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
def _commit(actor: Actor, intent: Intent, package: Package, file: BinaryIO) -> Version:
    """One transaction: crate, version, dependencies, provenance, archive, outbox, audit event."""
    held = None if intent.is_first else _hold(actor, intent)
    crate = held.crate if held else _found(actor, intent)
    version = new_version(actor, crate, intent, package)
    dependencies = dependency_rows(version, package.dependencies)
    describe(crate, version, held.found_by if held else None)
    facts = actor.provenance()
    actor.published(version, is_first=intent.is_first)
    event = audit.event(
        "version.published",
        actor=actor,
        crate=crate.name,
        subject=str(version),
        after={"checksum": version.checksum, "size": version.size, "kind": facts.kind},
    )
    origin = origin_of(actor, version, facts)
    save_all(version, *dependencies, *origin, event, index.change_of(crate))
    if held and held.was_trusted and (broken := break_of(version)):
        jobs.after_commit("registry.mail_provenance_break", version.pk, str(broken))
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


def _hold(actor: Actor, intent: Intent) -> Held:
    """The crate under lock, where everything else still allows the version."""
    name = intent.metadata.name
    number = intent.number.without_build
    held = publishing.held(name, number, actor.owning_account)
    if held is None:
        raise NameTaken(name)
    crate = held.crate
    if held.name_may_be_reserved and ReservedName.objects.reserves(name):
        raise NameReserved
    _check_not_hidden(crate)
    if held.number_is_deleted:
        raise VersionDeleted(crate.name, intent.metadata.vers)
    if not held.is_owned:
        require_rights(actor, Action.PUBLISH, crate)
    _check_ci_only(actor, held, name)
    if crate.name != name:
        raise SpelledDifferently(crate.name)
    check_daily_versions(actor, crate)
    if held.number_is_taken:
        raise VersionExists(number)
    return held


def _found(actor: Actor, intent: Intent) -> Crate:
    """A new crate, which belongs to the actor's founder."""
    name = intent.metadata.name
    if ReservedName.objects.reserves(name):
        raise NameReserved
    _check_ci_only(actor, None, name)
    # The name first: who loses it must not hold what the winner is about to remove.
    try:
        with transaction.atomic():
            crate = Crate.objects.create(
                name=name, canonical_name=canonical(name), created_at=intent.published_at
            )
    except IntegrityError:
        raise _NameLost from None
    founder = actor.founder_of(name)
    if import_string(settings.NAME_HOLDER)(name) not in (None, founder):
        raise NameReserved
    Ownership.objects.create(crate=crate, user=founder, created_by=founder)
    audit.record("crate.created", actor=actor, crate=name, subject=name)
    return crate
