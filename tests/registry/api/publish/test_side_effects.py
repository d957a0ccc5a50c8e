import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, User
from registry import storage
from registry.models import Crate, IndexChange, Ownership, Provenance, Version, VersionAction
from registry.operations import index
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, put_frame, refusal, stored_files


def test_a_publish_leaves_rows_file_outbox_and_event(alice: User, alice_token: str) -> None:
    crate = build_crate()

    publish(alice_token, crate=crate)

    version = Version.objects.get()
    assert version.checksum == hashlib.sha256(crate).hexdigest()
    assert version.size == len(crate)
    assert version.published_by == alice
    assert Provenance.objects.get().kind == "api_token"
    assert VersionAction.objects.get().action == "publish"
    assert Ownership.objects.get().user == alice
    assert IndexChange.objects.get().crate_name == "demo-crate"
    names = AuditEvent.objects.order_by("pk").values_list("name", flat=True)
    assert list(names)[-2:] == ["crate.created", "version.published"]
    with storage.objects().open_read("crates/demo-crate/demo-crate-0.1.0.crate") as file:
        assert file.read() == crate


def test_the_index_file_is_there_when_the_answer_is(
    alice_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish(alice_token)

    assert not IndexChange.objects.exists()
    with storage.objects().open_read("index/de/mo/demo-crate") as file:
        line = json.loads(file.read())
    version = Version.objects.get()
    assert line["cksum"] == version.checksum
    assert line["pubtime"] == f"{version.created_at:%Y-%m-%dT%H:%M:%SZ}"
    assert list(index.differences()) == []


def test_a_refused_event_does_not_exist(alice_token: str) -> None:
    with nothing_happens():
        refusal(publish(alice_token, crate=build_crate()[:-1]), 400)


def test_the_event_names_request_and_address(alice_token: str) -> None:
    answer = publish(alice_token)

    event = AuditEvent.objects.get(name="version.published")
    assert event.request_id == answer["X-Request-Id"]
    assert event.address == "127.0.0.1"
    assert event.actor_label == "alice (token laptop)"


def test_cargos_user_agent_is_kept(alice_token: str) -> None:
    frame = build_frame(metadata_for(), build_crate())
    put_frame(alice_token, frame, **{"User-Agent": "cargo/1.95.0 " + "x" * 400})

    assert Version.objects.get().user_agent.startswith("cargo/1.95.0 ")


@pytest.mark.parametrize("exists", [True, False])
def test_a_storage_that_fails_rolls_everything_back(
    alice: User,
    alice_token: str,
    settings: LazySettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    exists: bool,
) -> None:
    if exists:
        make_crate("demo-crate", owner=alice)
    (tmp_path / "file").write_text("in the way")
    settings.STORAGE_URL = f"file://{tmp_path}/file"

    with nothing_happens(), caplog.at_level(logging.CRITICAL):
        error = refusal(publish(alice_token), 500)

    assert error["detail"] == "Internal Server Error"
    crate = Crate.objects.first()
    assert crate is None or crate.num_versions == 0


def test_an_index_that_cannot_be_written_does_not_undo_a_publish(
    alice_token: str,
    django_capture_on_commit_callbacks: Any,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = Path(settings.STORAGE_URL.removeprefix("file://"))
    root.mkdir(parents=True)
    (root / "index").write_text("in the way")

    with caplog.at_level(logging.CRITICAL), django_capture_on_commit_callbacks(execute=True):
        assert publish(alice_token).status_code == 200

    assert IndexChange.objects.exists()
    (root / "index").unlink()
    assert index.sweep() == 1
    assert list(index.differences()) == []


def test_what_an_upload_left_that_never_committed_is_replaced(alice_token: str) -> None:
    key = "crates/demo-crate/demo-crate-0.1.0.crate"
    storage.objects().write(key, b"left over")
    crate = build_crate()

    publish(alice_token, crate=crate)

    with storage.objects().open_read(key) as file:
        assert file.read() == crate
    assert stored_files() == [key]


def test_the_token_is_nowhere_but_in_the_request(
    alice_token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = publish(alice_token)

    assert alice_token not in caplog.text
    assert alice_token.encode() not in answer.content
    for table in (Version, AuditEvent, Provenance, VersionAction):
        assert alice_token not in str(list(table._default_manager.values()))


@pytest.mark.parametrize("versions", [0, 5])
def test_the_cost_of_a_publish_does_not_grow_with_the_crate(
    alice_token: str, django_assert_max_num_queries: DjangoAssertNumQueries, versions: int
) -> None:
    publish(alice_token, version="0.0.1")
    for number in range(versions):
        publish(alice_token, version=f"0.1.{number}")

    # Without the index file; on PostgreSQL what is saved together is one statement.
    with django_assert_max_num_queries(13 if connection.vendor == "postgresql" else 18):
        assert publish(alice_token, version="1.0.0").status_code == 200
