"""Jobs of the clock do so much in a run, and the next one goes on."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from registry import storage
from registry.models import Crate, DeletedCrate, IndexChange
from registry.operations import delete, index, reviews
from registry.operations.settings import end_trustpub_only
from tests.factories.registry import make_crate, make_version

pytestmark = pytest.mark.django_db


def test_a_run_takes_so_many_crates_and_the_next_one_the_others(settings: LazySettings) -> None:
    settings.CRATES_AT_ONCE = 2
    now = timezone.now()
    for number in range(3):
        crate = make_crate(f"tide-{number}", num_versions=1, trustpub_only=True)
        make_version(crate)
        IndexChange.objects.create(crate_name=crate.name)
        IndexChange.objects.create(crate_name=crate.name)
        DeletedCrate.objects.create(name=f"gone-{number}", created_at=now, available_at=now)
    Crate.objects.update(trustpub_only_ends_at=now - timedelta(hours=1))

    assert [index.sweep() for _ in range(3)] == [2, 1, 0]
    assert [end_trustpub_only() for _ in range(3)] == [2, 1, 0]
    assert [reviews.review_missed() for _ in range(3)] == [2, 1, 0]
    for left in (1, 0, 0):
        delete.sweep()
        assert DeletedCrate.objects.filter(has_files=True).count() == left


def test_index_files_that_cannot_be_written_hold_up_no_others(settings: LazySettings) -> None:
    settings.CRATES_AT_ONCE = 1
    for number in range(2):
        crate = make_crate(f"tide-{number}", num_versions=1)
        make_version(crate)
        IndexChange.objects.create(crate_name=crate.name)
    noted_at = IndexChange.objects.get(crate_name="tide-0").created_at
    in_the_way = storage.objects().local_path(storage.index_key("tide-0"))
    assert in_the_way
    in_the_way.mkdir(parents=True)

    assert [index.sweep() for _ in range(3)] == [0, 1, 0]
    assert IndexChange.objects.get().created_at == noted_at

    in_the_way.rmdir()
    assert index.sweep() == 1
    assert not IndexChange.objects.exists()
