"""The rows of a new version, and what its crate's row repeats of it."""

from django.db import models

from adapters.together import save_together
from registry.actors import Actor, ProvenanceFacts
from registry.formats.dependencies import Dependency
from registry.formats.index_entry import IndexEntry, index_line
from registry.models import Crate, Provenance, SearchDocument, Version, VersionAction
from registry.operations import search_document, summary, topics
from registry.operations.upload import Intent, Package


def new_version(actor: Actor, crate: Crate, intent: Intent, package: Package) -> Version:
    """Yet to be saved."""
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
        user_agent=intent.user_agent[:255],
        published_by=actor.user,
    )
    version.index_line = index_line(_index_entry(version, package.dependencies))
    return version


def save_all(version: Version, *rows: models.Model) -> None:
    """The version, what belongs to it, and its crate as it is now.

    That its number is free was asked under the crate's lock, or the crate is new.
    """
    save_together(version, *rows, changed={version.crate: summary.PUBLISHED})


def origin_of(
    actor: Actor, version: Version, facts: ProvenanceFacts
) -> list[Provenance | VersionAction]:
    """The rows, yet to be saved, that say where it came from and which person published it."""
    provenance = Provenance(version=version, kind=facts.kind, **facts.fields)
    if actor.user is None:
        return [provenance]
    action = VersionAction(
        version=version,
        user_id=actor.user.pk,
        api_token_id=actor.api_token.pk if actor.api_token else None,
        action=VersionAction.Action.PUBLISH,
    )
    return [provenance, action]


def describe(crate: Crate, version: Version, found_by: SearchDocument | None) -> None:
    """The crate shows what its last published version says (crates-io-api reference, 2.8).

    What its own row says of that is yet to be saved.
    """
    crate.description = version.description
    crate.homepage = version.homepage
    crate.documentation = version.documentation
    crate.repository = version.repository
    is_filed = (crate.keywords, crate.categories) == (version.keywords, version.categories)
    crate.keywords = version.keywords
    crate.categories = version.categories
    if not is_filed:
        topics.file_under(crate, keywords=version.keywords, categories=version.categories)
    summary.note_published(crate, version)
    search_document.write(crate, readme=version.readme, known=found_by)


def _index_entry(version: Version, dependencies: tuple[Dependency, ...]) -> IndexEntry:
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
