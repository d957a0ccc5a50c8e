"""Rows saved together are what saving each by itself would leave."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from adapters.together import save_together
from registry.models import Crate, Dependency, IndexChange, Provenance, Version
from tests.factories.registry import make_crate, make_user, make_version

pytestmark = pytest.mark.django_db
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Texts that JSON and SQL each have a way to write.
ODD = "%s \\ \"'\n€ {a} \\u0041"


def _version(crate: Crate, num: str = "0.1.0") -> Version:
    return Version(
        crate=crate,
        num=num,
        num_without_build=num,
        checksum="0" * 64,
        size=2**40,
        created_at=EPOCH,
        description=ODD,
        features={"a": [ODD], "b": []},
        keywords=["sea"],
        vcs_info=None,
        index_line="{}",
    )


def _needing(version: Version, *names: str) -> list[Dependency]:
    facts = {"requirement": "^1", "kind": "normal", "features": ["a"], "default_features": True}
    return [Dependency(version=version, name=n, canonical_name=n, **facts) for n in names]


def test_rows_come_back_as_they_were() -> None:
    crate = make_crate("tide", owner=make_user("alice"))
    crate.keywords, crate.updated_at, crate.description = ["sea"], EPOCH, "not among them"
    version = _version(crate)
    facts = {"name": "x", "actor_kind": "person", "after": {"a": [ODD]}, "address": "2001:db8::1"}
    rows = [*_needing(version, "serde", "log"), Provenance(version=version, kind="import")]

    save_together(
        version,
        *rows,
        AuditEvent(**facts),
        IndexChange(crate_name="tide"),
        changed={crate: ("keywords", "updated_at")},
    )

    found = Version.objects.get()
    assert version.pk == found.pk
    for field in Version._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(version, field.attname), field.name
    assert [row.name for row in found.dependencies.order_by("pk")] == ["serde", "log"]
    assert found.provenance.signer is None
    event = AuditEvent.objects.get(**facts)
    assert (event.after, event.address) == (facts["after"], facts["address"])
    assert IndexChange.objects.get().crate_name == "tide"
    again = Crate.objects.get()
    assert (again.keywords, again.updated_at, again.description) == (["sea"], EPOCH, "")


def test_the_first_may_be_all_there_is() -> None:
    change = IndexChange(crate_name="tide")
    save_together(change)
    assert IndexChange.objects.get() == change


def test_all_of_them_or_none() -> None:
    crate = make_crate("tide", owner=make_user("alice"))
    make_version(crate, "0.1.0")
    twin = _version(crate)

    with pytest.raises(IntegrityError), transaction.atomic():
        save_together(twin, IndexChange(crate_name="tide"), changed={crate: ("keywords",)})

    assert not IndexChange.objects.exists()
    # As one that only needs a constraint to hold.
    save_together(_version(crate, "0.2.0"), changed={crate: ("keywords",)})
    assert Version.objects.count() == 2
