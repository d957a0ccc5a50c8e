"""The publishers of a crate as one list (reference, e.6)."""

from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests.ci import form, let_publish, publish_token, trusted
from tests.factories.registry import make_crate
from tests.wire import publish, refusal, send
from trustpub.models import Issuer, Publisher, PublisherCrate

LIST = "/api/v1/trusted_publishing/crates/{}/publishers"
Entry = dict[str, object]


def entry(issuer: Issuer, workflow: str = "release.yml", **more: object) -> Entry:
    names = {name: value for name, value in form().items() if not name.endswith("_id")}
    named = {"provider": "github", "issuer": issuer.url, "workflow_filename": workflow}
    return {**names, **named, **more}


def declare(
    token: str | None, *entries: object, crate: str = "tide", query: str = "", **headers: str
) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send("PUT", LIST.format(crate) + query, token, {"publishers": entries}, **sent)


def workflows(crate: str = "tide") -> set[str]:
    grants = PublisherCrate.objects.filter(crate__name=crate)
    return {grant.publisher.workflow for grant in grants.select_related("publisher")}


def test_the_list_comes_true(
    tide: Crate,
    alice: User,
    alice_token: str,
    issuer: Issuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    for workflow in ("keep.yml", "old.yml"):
        let_publish(tide, alice, issuer, form(workflow_filename=workflow))
    kept = PublisherCrate.objects.order_by("pk")[0]
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        answer = declare(alice_token, entry(issuer, "keep.yml"), entry(issuer, "new.yml"))

    assert answer.status_code == 200
    body = answer.json()
    assert [there["workflow_filename"] for there in body["publishers"]] == ["keep.yml", "new.yml"]
    assert body["publishers"][0]["id"] == kept.pk
    assert [added["workflow_filename"] for added in body["added"]] == ["new.yml"]
    assert [removed["workflow_filename"] for removed in body["removed"]] == ["old.yml"]
    assert body["dry_run"] is False
    names = AuditEvent.objects.filter(crate="tide").order_by("-pk").values_list("name", flat=True)
    assert set(names[:2]) == {"publisher.created", "publisher.deleted"}
    assert len(mail.outbox) == 2


def test_a_second_time_changes_nothing(
    tide: Crate, alice_token: str, issuer: Issuer, settings: Settings
) -> None:
    settings.REGISTRATIONS_PER_DAY = 1
    first = declare(alice_token, entry(issuer))
    events = AuditEvent.objects.count()

    again = declare(alice_token, entry(issuer, repository_owner="FERRIS-labs"))

    assert (again.status_code, again.json()["added"], again.json()["removed"]) == (200, [], [])
    assert again["ETag"] == first["ETag"]
    assert AuditEvent.objects.count() == events


def test_what_is_read_can_be_sent_as_it_is(
    grant: PublisherCrate, alice: User, alice_token: str, ci: LocalIssuer
) -> None:
    gitlab = trusted(ci, "gitlab", "/gitlab")
    fields = {"namespace": "ferris-labs", "project": "tide", "workflow_filepath": ".gitlab-ci.yml"}
    let_publish(grant.crate, alice, gitlab, fields | {"environment": None})
    read = send("GET", LIST.format("tide"), alice_token)

    answer = declare(alice_token, *read.json()["publishers"], If_Match=read["ETag"])

    assert answer.status_code == 200
    assert answer.json()["publishers"] == read.json()["publishers"]
    assert [there["provider"] for there in answer.json()["publishers"]] == ["github", "gitlab"]
    assert answer["ETag"] == read["ETag"]


def test_a_dry_run_tells_and_changes_nothing(
    grant: PublisherCrate, alice_token: str, issuer: Issuer
) -> None:
    before = AuditEvent.objects.count()

    answer = declare(alice_token, entry(issuer, "new.yml"), query="?dry_run=true").json()

    assert [added["workflow_filename"] for added in answer["added"]] == ["new.yml"]
    assert [removed["id"] for removed in answer["removed"]] == [grant.pk]
    assert [there["id"] for there in answer["publishers"]] == [grant.pk]
    assert answer["dry_run"] is True
    assert workflows() == {"release.yml"}
    assert AuditEvent.objects.count() == before


def test_an_empty_list_ends_every_publisher_and_its_tokens(
    grant: PublisherCrate, alice_token: str, ci: LocalIssuer
) -> None:
    token = publish_token(ci)

    assert declare(alice_token).json()["publishers"] == []

    assert not Publisher.objects.exists()
    refusal(publish(token, "tide"), 403)


def test_the_publishers_of_other_crates_are_not_touched(
    grant: PublisherCrate, alice: User, alice_token: str, issuer: Issuer
) -> None:
    let_publish(make_crate("shore", owner=alice), alice, issuer)

    declare(alice_token)

    assert (workflows("tide"), workflows("shore")) == (set(), {"release.yml"})


def test_the_old_ones_make_room_for_the_new(
    tide: Crate, alice_token: str, issuer: Issuer, settings: Settings
) -> None:
    settings.PUBLISHERS_PER_CRATE = 2
    declare(alice_token, entry(issuer, "a.yml"), entry(issuer, "b.yml"))

    answer = declare(alice_token, entry(issuer, "c.yml"), entry(issuer, "d.yml"))
    too_many = declare(alice_token, *(entry(issuer, f"{name}.yml") for name in "efg"))

    assert answer.status_code == 200
    assert refusal(too_many, 409)["code"] == "too_many_publishers"
    # All or nothing.
    assert workflows() == {"c.yml", "d.yml"}


def test_what_was_suspended_stays_suspended(
    grant: PublisherCrate, alice_token: str, issuer: Issuer
) -> None:
    Publisher.objects.update(state=Publisher.State.SUSPENDED)

    [there] = declare(alice_token, entry(issuer)).json()["publishers"]

    assert (there["id"], there["state"]) == (grant.pk, "suspended")


def test_a_change_in_between_is_noticed(
    grant: PublisherCrate, alice: User, alice_token: str, issuer: Issuer
) -> None:
    etag = send("GET", LIST.format("tide"), alice_token)["ETag"]
    let_publish(grant.crate, alice, issuer, form(workflow_filename="other.yml"))

    for query in ("", "?dry_run=true"):
        error = refusal(declare(alice_token, query=query, If_Match=etag), 412)
        assert error["code"] == "publishers_changed"

    assert workflows() == {"release.yml", "other.yml"}
    assert declare(alice_token, If_Match="*").status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        ({"provider": "jenkins-x"}, 422, "`publishers[1].provider` must be one of github"),
        ({"provider": ["github"]}, 422, "must be one of"),
        ({"workflow": "x.yml"}, 422, "`publishers[1]` has no field `workflow`"),
        ({"environment": 7}, 422, "`publishers[1].environment` must be a text or null"),
        ({"issuer": "https://evil.example"}, 400, "is not an issuer that this registry trusts"),
        ({"issuer": None}, 400, "is not an issuer"),
        ({"workflow_filename": "x.txt"}, 400, "publishers[1]: "),
        ({"workflow_filename": "a.yml"}, 400, "in the list already"),
    ],
)
def test_a_wrong_entry_is_named_and_nothing_happens(
    grant: PublisherCrate,
    alice_token: str,
    issuer: Issuer,
    change: Entry,
    status: int,
    problem: str,
) -> None:
    entries = [entry(issuer, "a.yml"), entry(issuer, "b.yml") | change]

    assert problem in refusal(declare(alice_token, *entries), status)["detail"]
    assert workflows() == {"release.yml"}


@pytest.mark.parametrize("body", [[], {}, {"publishers": {}}, {"publishers": [], "x": 1}])
def test_a_body_of_another_shape_is_refused(
    grant: PublisherCrate, alice_token: str, body: object
) -> None:
    refusal(send("PUT", LIST.format("tide"), alice_token, body), 422)


@pytest.mark.parametrize("etag", ["x", '"a", "b"', ""])
def test_a_condition_that_is_none_is_refused(
    grant: PublisherCrate, alice_token: str, etag: str
) -> None:
    assert "If-Match" in refusal(declare(alice_token, If_Match=etag), 400)["detail"]
    refusal(declare(alice_token, query="?dry_run=maybe"), 400)


def test_only_owners_with_the_scope_may(
    grant: PublisherCrate, alice: User, bob_token: str, ci: LocalIssuer
) -> None:
    narrow = create_token(user=alice, name="ci", scopes=["publish-update"]).text
    other = create_token(
        user=alice, name="x", scopes=["trusted-publishing"], patterns=["shore*"]
    ).text

    for token, status in ((None, 403), (bob_token, 400), (narrow, 403), (other, 403)):
        refusal(declare(token), status)
        refusal(send("GET", LIST.format("tide"), token), status)
    refusal(declare(publish_token(ci)), 403)
    assert workflows() == {"release.yml"}


def test_a_token_for_this_alone_is_enough(tide: Crate, alice: User, issuer: Issuer) -> None:
    token = create_token(
        user=alice, name="ci", scopes=["trusted-publishing"], patterns=["tide"]
    ).text

    assert declare(token, entry(issuer)).status_code == 200


def test_a_crate_that_is_none_is_not_found(alice_token: str) -> None:
    refusal(declare(alice_token, crate="nothing"), 404)
