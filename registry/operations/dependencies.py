"""What a version depends on: checked before its archive is taken, saved with its row."""

from django.conf import settings

from registry.errors import InvalidUpload, UnknownDependency
from registry.formats.manifest import Dependency as Required
from registry.formats.names import canonical
from registry.models import Crate, Dependency, Version


def check_registries(dependencies: tuple[Required, ...]) -> None:
    """Only those of the operator's list (decision 0008); raises InvalidUpload."""
    for dependency in dependencies:
        where = dependency.registry_index
        if where and where not in settings.FOREIGN_REGISTRIES:
            raise InvalidUpload(
                f"Dependency `{dependency.name}` is hosted on another registry ({where[:200]}), "
                "which this registry's administrator does not allow (FOREIGN_REGISTRIES)."
            )


def dependency_rows(version: Version, dependencies: tuple[Required, ...]) -> list[Dependency]:
    """Yet to be saved; raises UnknownDependency for the first that should be here and is not."""
    _check_known({d.name for d in dependencies if d.registry_index is None})
    return [
        Dependency(
            version=version,
            name=required.name,
            canonical_name=canonical(required.name),
            alias=required.alias or "",
            requirement=required.requirement,
            kind=required.kind,
            target=required.target or "",
            optional=required.optional,
            default_features=required.default_features,
            features=list(required.features),
            registry_index=required.registry_index or "",
        )
        for required in dependencies
    ]


def _check_known(names: set[str]) -> None:
    if not names:
        return
    # By the column that has an index; the spelling is compared here.
    found = Crate.objects.filter(canonical_name__in={canonical(name) for name in names})
    if missing := sorted(names - set(found.values_list("name", flat=True))):
        raise UnknownDependency(missing[0])
