"""Restrictions of publishers from the API to the upload (reference, e.1)."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.actors import Person
from registry.models import Crate, Ownership
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, trusted
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.models import Issuer, PendingPublisher, Publisher, PublisherCrate
from trustpub.operations.pending import register
from trustpub.operations.publishers import add_publisher

CONFIGS = "/api/v1/trusted_publishing/github_configs"
TAGGED = {"refs": "tags", "tag_pattern": "v{version}"}


def add(alice: User, tide: Crate, issuer: Issuer, **rules: object) -> PublisherCrate:
    return add_publisher(actor=Person(alice), crate=tide, issuer=issuer, form=form(), rules=rules)


def tagged(tag: str, file: str = "release.yml") -> dict[str, object]:
    where = f"ferris-labs/tidepool/.github/workflows/{file}@refs/tags/{tag}"
    return {"ref": f"refs/tags/{tag}", "workflow_ref": where, "job_workflow_ref": where}


def test_a_tag_publishes_its_own_version_alone(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    add(alice, tide, issuer, **TAGGED)
    token = publish_token(ci)

    with nothing_happens():
        error = refusal(publish(token, "tide", "1.4.1"), 403)

    assert error["code"] == "version_not_tagged"
    assert (error["expected"], error["received"]) == ("refs/tags/v1.4.1", "refs/tags/v1.4.0")
    assert publish(token, "tide", "1.4.0").status_code == 200


def test_one_of_several_publishers_will_do(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    add(alice, tide, issuer, **TAGGED)
    let_publish(tide, alice, issuer)

    assert publish(publish_token(ci), "tide", "9.0.0").status_code == 200


def test_a_first_publish_follows_its_tag_too(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    register(
        actor=Person(alice),
        owner=alice,
        names=["fresh"],
        issuer=issuer,
        form=form(),
        rules={"refs": "tags", "tag_pattern": "{crate}-v{version}"},
    )
    token = publish_token(ci, claims=tagged("fresh-v0.3.0"))

    with nothing_happens():
        assert refusal(publish(token, "fresh", "0.1.0"), 403)["code"] == "version_not_tagged"
    assert publish(token, "fresh", "0.3.0").status_code == 200
    assert Publisher.objects.get().rules["tag_pattern"] == "{crate}-v{version}"


def test_the_api_takes_rules_and_tells_them(tide: Crate, alice_token: str, issuer: Issuer) -> None:
    names = {name: value for name, value in form().items() if not name.endswith("_id")}
    config = {"crate": "tide", "issuer": issuer.url, "rules": {"runner": "hosted"}, **names}

    made = send("POST", CONFIGS, alice_token, {"github_config": config}).json()["github_config"]

    assert made["rules"] == {"runner": "hosted"}
    config["rules"] = {"events": ["pull_request_target"]}
    error = refusal(send("POST", CONFIGS, alice_token, {"github_config": config}), 400)
    assert (error["code"], error["field"]) == ("invalid_publisher", "rules.events")
    config["rules"] = [7]
    refusal(send("POST", CONFIGS, alice_token, {"github_config": config}), 422)


def test_a_risky_event_needs_the_owners_word(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    add(alice, tide, issuer, events=["push", "repository_dispatch"])

    assert exchange(id_token(ci, event_name="repository_dispatch")).status_code == 200
    refusal(exchange(id_token(ci, event_name="pull_request")), 403)
    error = refusal(exchange(id_token(ci, event_name="workflow_run")), 403)
    assert error["code"] == "event_not_allowed"


def test_a_moved_tag_of_a_called_workflow_is_noticed(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    called = "shared/flows/.github/workflows/publish.yml"
    sha = "1" * 40
    add(alice, tide, issuer, called_workflow=called, called_ref=sha)
    job = {"job_workflow_ref": f"{called}@refs/tags/v1", "job_workflow_sha": sha}

    assert exchange(id_token(ci, **job)).status_code == 200
    error = refusal(exchange(id_token(ci, **(job | {"job_workflow_sha": "2" * 40}))), 403)

    assert error["publishers"][0]["differences"][0]["field"] == "called_workflow_sha"


@pytest.fixture
def our_forge(settings: LazySettings, alice: User) -> None:
    """People sign in with the forge that the job runs on, and Alice starts it."""
    settings.GITHUB_URL = "https://forge.example"
    User.objects.filter(pk=alice.pk).update(github_id=5501234)


@pytest.mark.usefixtures("our_forge")
def test_only_an_owner_may_start_it(
    alice: User, bob: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    issuer = Issuer.objects.get(pk=issuer.pk)
    add(alice, tide, issuer, actor="owner")

    assert exchange(id_token(ci)).status_code == 200
    for claims in ({"actor_id": "102"}, {"actor_id": None}, {"actor_id": "x"}):
        error = refusal(exchange(id_token(ci, **claims)), 403)
        [difference] = error["publishers"][0]["differences"]
        assert difference["field"] == "actor"
    Ownership.objects.create(crate=tide, user=bob)
    assert exchange(id_token(ci, actor_id="102")).status_code == 200
    User.objects.filter(pk=bob.pk).update(locked_at=timezone.now())
    assert refusal(exchange(id_token(ci, actor_id="102")), 403)["code"] == "publisher_mismatch"


@pytest.mark.usefixtures("our_forge")
def test_the_starter_gets_the_crates_that_are_theirs(
    alice: User, bob: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    add(alice, tide, issuer, actor="owner")
    add_publisher(
        actor=Person(bob),
        crate=make_crate("bobs", owner=bob),
        issuer=issuer,
        form=form(),
        rules={"actor": "owner"},
    )

    assert exchange(id_token(ci)).json()["crates"] == ["tide"]
    assert exchange(id_token(ci, actor_id="102")).json()["crates"] == ["bobs"]


@pytest.mark.usefixtures("our_forge")
def test_the_registrant_starts_a_first_publish(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    register(
        actor=Person(alice),
        owner=alice,
        names=["fresh"],
        issuer=issuer,
        form=form(),
        rules={"actor": "owner"},
    )

    refusal(exchange(id_token(ci, actor_id="102")), 403)
    assert exchange(id_token(ci)).json()["new_crates"] == ["fresh"]


def test_numbers_of_another_forge_are_not_our_people(
    alice: User, tide: Crate, issuer: Issuer
) -> None:
    from trustpub.errors import InvalidPublisher

    with pytest.raises(InvalidPublisher, match="people sign in"):
        add(alice, tide, issuer, actor="owner")


def test_gitlab_takes_protected_refs_unless_told_otherwise(
    alice: User, tide: Crate, ci: LocalIssuer, db: None
) -> None:
    issuer = trusted(ci, "gitlab")
    Issuer.objects.filter(pk=issuer.pk).update(web_url=ci.url)
    issuer.refresh_from_db()
    fields = {
        "namespace": "ferris-labs/libs",
        "project": "tidepool",
        "workflow_filepath": ".gitlab-ci.yml",
        "project_id": "20488",
        "namespace_id": "7718",
    }
    grant = let_publish(tide, alice, issuer, fields)

    assert grant.publisher.rules == {"refs": "protected"}
    open_ref = ci.gitlab_token("127.0.0.1:8000", ref_protected="false")
    assert refusal(exchange(open_ref), 403)["code"] == "publisher_mismatch"
    add_publisher(
        actor=Person(alice), crate=tide, issuer=issuer, form=fields, rules={"refs": "any"}
    )
    assert exchange(ci.gitlab_token("127.0.0.1:8000", ref_protected="false")).status_code == 200


def test_a_pending_publisher_keeps_its_rules_when_it_becomes_real(
    alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("other", alice, issuer)
    register(
        actor=Person(alice),
        owner=alice,
        names=["fresh"],
        issuer=issuer,
        form=form(),
        rules={"runner": "hosted"},
    )

    publish(publish_token(ci, crates=["fresh"]), "fresh")

    assert Publisher.objects.get().rules == {"runner": "hosted"}
    self_hosted: dict[str, Any] = {"runner_environment": "self-hosted"}
    assert exchange(id_token(ci, **self_hosted)).json()["crates"] == []
    assert PendingPublisher.objects.get().crate_name == "other"
