"""First publishes from CI: registered by people, made real by a publish (reference, c.2)."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone

from accounts.errors import NotFound
from accounts.models import AuditEvent, User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate, DeletedCrate, ReservedName, Version
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token, unpinned
from tests.clock import clock_at
from tests.factories.archives import manifest_for
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal, send
from trustpub.errors import InvalidPublisher
from trustpub.models import Issuer, PendingPublisher, Publisher, PublisherCrate
from trustpub.operations.pending import delete_pending
from trustpub.operations.pending import register as register_names
from trustpub.tasks import expire

CONFIGS = "/api/v1/trusted_publishing/github_configs"
PENDING = "/api/v1/trusted_publishing/pending_publishers"


@pytest.fixture
def fresh(alice: User, issuer: Issuer) -> PendingPublisher:
    return let_found("fresh", alice, issuer)


def register(token: str | None, issuer: Issuer, crate: str = "fresh", **fields: object) -> Any:
    names = {name: value for name, value in form().items() if not name.endswith("_id")}
    config = {"crate": crate, "issuer": issuer.url, "pending": True, **names, **fields}
    return send("POST", CONFIGS, token, {"github_config": config})


def test_the_first_publish_founds_the_crate(
    fresh: PendingPublisher, alice: User, ci: LocalIssuer, django_capture_on_commit_callbacks: Any
) -> None:
    answer = exchange(id_token(ci))
    assert (answer.json()["crates"], answer.json()["new_crates"]) == ([], ["fresh"])
    token = answer.json()["token"]

    with django_capture_on_commit_callbacks(execute=True):
        assert publish(token, "fresh").status_code == 200

    crate = Crate.objects.get()
    assert crate.is_owned_by(alice)
    assert not PendingPublisher.objects.exists()
    grant = PublisherCrate.objects.get()
    assert (grant.crate, grant.publisher.repository_id) == (crate, "702113958")
    assert AuditEvent.objects.filter(name="pending.reified", crate="fresh").exists()
    assert [letter.to for letter in mail.outbox][-1] == ["alice@example.com"]
    # The same token goes on, and so does the next job.
    assert publish(token, "fresh", "0.2.0").status_code == 200
    assert exchange(id_token(ci)).json()["crates"] == ["fresh"]


def test_a_token_without_a_publish_leaves_nothing(fresh: PendingPublisher, ci: LocalIssuer) -> None:
    publish_token(ci)

    fresh.refresh_from_db()
    assert not Crate.objects.exists()
    assert not Publisher.objects.exists()


def test_ids_are_pinned_by_the_publish_alone(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    pending = let_found("fresh", alice, issuer, unpinned())
    token = publish_token(ci)
    refusal(publish(token, "fresh", crate=b""), 400)

    pending.refresh_from_db()
    assert not pending.is_pinned
    publish(token, "fresh")
    assert Publisher.objects.get().is_pinned


def test_a_publish_that_fails_late_leaves_the_registration(
    fresh: PendingPublisher, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    text = manifest_for("fresh", extra='[dependencies]\nnothing = "1"\n')

    with nothing_happens():
        refusal(publish(token, "fresh", manifest=text), 400)

    assert PendingPublisher.objects.get() == fresh
    assert publish(token, "fresh").status_code == 200


def test_one_job_may_found_a_crate_and_update_another(
    fresh: PendingPublisher, grant: PublisherCrate, ci: LocalIssuer
) -> None:
    token = publish_token(ci)

    assert publish(token, "tide").status_code == 200
    assert publish(token, "fresh").status_code == 200
    assert Publisher.objects.count() == 1  # the identical rule is reused


def test_one_workflow_may_found_several_crates(
    fresh: PendingPublisher, alice: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh-macros", alice, issuer)
    token = publish_token(ci)

    for name in ("fresh", "fresh-macros"):
        assert publish(token, name).status_code == 200
    assert Publisher.objects.count() == 1


@pytest.mark.parametrize("name", ["fresh2", "Fresh-Er", "other"])
def test_only_that_name_may_be_founded(fresh: PendingPublisher, ci: LocalIssuer, name: str) -> None:
    token = publish_token(ci)

    with nothing_happens():
        refusal(publish(token, name), 403)


def test_a_name_that_was_prohibited_meanwhile_is_not_founded(
    fresh: PendingPublisher, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    ReservedName.objects.create(canonical_name="fresh", reason="trademark")

    with nothing_happens():
        assert refusal(publish(token, "fresh"), 400)["code"] == "name_reserved"


@pytest.mark.parametrize("spelling", ["fresh-er", "fresh_er", "FRESH-ER"])
def test_a_name_that_was_taken_meanwhile_is_a_conflict(
    alice: User, bob: User, issuer: Issuer, ci: LocalIssuer, spelling: str
) -> None:
    let_found("fresh-er", alice, issuer)
    token = publish_token(ci)
    make_crate(spelling, owner=bob)

    with nothing_happens(but="pending.conflict"):
        error = refusal(publish(token, "fresh-er"), 409)
    assert error["code"] == "pending_conflict"
    assert "bob" not in error["detail"]
    with nothing_happens():
        refusal(publish(token, "fresh-er"), 409)
    [noted] = AuditEvent.objects.filter(name="pending.conflict")
    # The crate is another's, who is not to learn who else wanted it.
    assert noted.crate == ""
    assert refusal(exchange(id_token(ci)), 409)["code"] == "pending_conflict"


def test_the_first_publish_ends_all_other_registrations_of_the_name(
    fresh: PendingPublisher,
    bob: User,
    issuer: Issuer,
    ci: LocalIssuer,
    django_capture_on_commit_callbacks: Any,
) -> None:
    let_found("FRESH", bob, issuer, form(workflow_filename="other.yml"))
    kept = let_found("fresh-air", bob, issuer)

    with django_capture_on_commit_callbacks(execute=True):
        publish(publish_token(ci), "fresh")

    assert list(PendingPublisher.objects.all()) == [kept]
    assert ["bob@example.com"] in [letter.to for letter in mail.outbox]
    assert AuditEvent.objects.filter(name="pending.invalidated").count() == 1


def test_a_publish_by_hand_leaves_no_way_in_for_others(
    fresh: PendingPublisher, bob_token: str, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    assert publish(bob_token, "fresh").status_code == 200

    with nothing_happens(but="pending.conflict"):
        refusal(publish(token, "fresh", "9.0.0"), 409)
    refusal(exchange(id_token(ci)), 409)


def test_two_people_may_register_the_same(
    fresh: PendingPublisher, bob: User, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", bob, issuer)

    publish(publish_token(ci), "fresh")

    owner = Crate.objects.get().ownerships.get().user
    assert owner is not None
    assert owner.login == "alice"  # who came first
    assert not PendingPublisher.objects.exists()


@pytest.mark.parametrize("when", ["before the exchange", "before the publish"])
def test_it_expires_at_its_moment(fresh: PendingPublisher, ci: LocalIssuer, when: str) -> None:
    token = publish_token(ci)
    PendingPublisher.objects.update(expires_at=timezone.now())

    if when == "before the exchange":
        assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"
    else:
        with nothing_happens():
            refusal(publish(token, "fresh"), 403)


def test_it_works_until_that_moment(fresh: PendingPublisher, ci: LocalIssuer) -> None:
    PendingPublisher.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    expire()

    assert publish(publish_token(ci), "fresh").status_code == 200


def test_what_expired_is_removed_and_told_once(
    fresh: PendingPublisher, django_capture_on_commit_callbacks: Any
) -> None:
    PendingPublisher.objects.update(expires_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        expire()
        expire()

    assert not PendingPublisher.objects.exists()
    assert AuditEvent.objects.filter(name="pending.expired").count() == 1
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]]


def _lock() -> None:
    User.objects.filter(login="alice").update(locked_at=timezone.now())


def _deactivate() -> None:
    User.objects.filter(login="alice").update(is_active=False)


def _unverify() -> None:
    EmailAddress.objects.filter(user__login="alice").update(verified=False)


@pytest.mark.parametrize("fall", [_lock, _deactivate, _unverify])
def test_it_rests_on_its_registrant(fresh: PendingPublisher, ci: LocalIssuer, fall: Any) -> None:
    token = publish_token(ci)
    fall()

    with nothing_happens():
        refusal(publish(token, "fresh"), 403)
    assert refusal(exchange(id_token(ci)), 403)["code"] == "publisher_suspended"


def test_a_cancelled_registration_kills_its_token(
    fresh: PendingPublisher, alice_token: str, ci: LocalIssuer
) -> None:
    token = publish_token(ci)

    assert send("DELETE", f"{PENDING}/{fresh.pk}", alice_token).status_code == 204

    with nothing_happens():
        refusal(publish(token, "fresh"), 403)


def test_a_suspended_registration_founds_nothing_until_it_is_resumed(
    fresh: PendingPublisher, alice_token: str, bob_token: str, ci: LocalIssuer
) -> None:
    token, one = publish_token(ci), f"{PENDING}/{fresh.pk}"
    refusal(send("POST", f"{one}/suspend", bob_token), 404)

    told = send("POST", f"{one}/suspend", alice_token).json()["publisher"]

    assert told["state"] == "suspended"
    with nothing_happens():
        refusal(publish(token, "fresh"), 403)
    said = refusal(exchange(id_token(ci)), 403)
    assert "whoever registered it has suspended it" in said["detail"]
    refusal(send("POST", f"{one}/suspend", alice_token), 409)
    assert send("POST", f"{one}/resume", alice_token).json()["publisher"]["state"] == "pending"
    assert publish(token, "fresh").status_code == 200
    names = AuditEvent.objects.filter(
        crate="fresh", name__in=("pending.suspended", "pending.resumed")
    )
    assert names.count() == 2


# --- Registration ---


def test_a_registration_is_told_back(alice_token: str, issuer: Issuer) -> None:
    answer = register(alice_token, issuer)

    assert answer.status_code == 200
    config = answer.json()["github_config"]
    assert (config["crate"], config["pending"], config["environment"]) == ("fresh", True, "release")
    [listed] = send("GET", PENDING, alice_token).json()["pending_publishers"]
    assert listed["id"] == config["id"]
    assert listed["expires_at"].endswith("Z")


def test_everybody_sees_and_cancels_their_own(fresh: PendingPublisher, bob_token: str) -> None:
    assert send("GET", PENDING, bob_token).json() == {"pending_publishers": []}
    refusal(send("DELETE", f"{PENDING}/{fresh.pk}", bob_token), 404)
    assert PendingPublisher.objects.count() == 1


def test_the_same_twice_is_refused(alice_token: str, issuer: Issuer) -> None:
    register(alice_token, issuer)

    assert refusal(register(alice_token, issuer), 409)["code"] == "publisher_exists"


@pytest.mark.parametrize("name", ["std", "proc-macro", "tide", "TIDE", "nul"])
def test_taken_and_reserved_names_are_not_told_apart(
    tide: Crate, bob_token: str, issuer: Issuer, name: str
) -> None:
    error = refusal(register(bob_token, issuer, name), 409)

    assert error["code"] == "name_unavailable"
    assert error["detail"].replace(name, "X") == (
        "the crate name `X` is not available for a first publish; choose another name, "
        "or, if you own this crate, add a publisher in its settings"
    )


@pytest.mark.parametrize("name", ["", "9x", "a b", "../x", "é", "x" * 65, "a\u202eb"])
def test_a_name_outside_of_the_grammar_is_refused(
    alice_token: str, issuer: Issuer, name: str
) -> None:
    refusal(register(alice_token, issuer, name), 400)


def test_there_is_a_limit_per_person(
    alice_token: str, issuer: Issuer, settings: LazySettings
) -> None:
    settings.PENDING_PUBLISHERS_PER_USER = 1
    register(alice_token, issuer)

    assert refusal(register(alice_token, issuer, "other"), 409)["code"] == "too_many_publishers"
    PendingPublisher.objects.update(expires_at=timezone.now())
    assert register(alice_token, issuer, "other").status_code == 200


def test_there_is_a_limit_per_day(alice_token: str, issuer: Issuer, settings: LazySettings) -> None:
    settings.REGISTRATIONS_PER_DAY = 1
    register(alice_token, issuer)

    refusal(register(alice_token, issuer, "other"), 429)


def test_an_unverified_person_registers_nothing(alice_token: str, issuer: Issuer) -> None:
    _unverify()

    refusal(register(alice_token, issuer), 403)


def test_nobody_registers_nothing(issuer: Issuer) -> None:
    refusal(register(None, issuer), 403)
    refusal(send("GET", PENDING), 403)


@pytest.mark.parametrize("limits", [{"scopes": ["publish-new"]}, {"patterns": ["other*"]}])
def test_a_token_needs_the_scope_and_the_name(
    alice: User, issuer: Issuer, limits: dict[str, list[str]]
) -> None:
    token = create_token(user=alice, name="ci", **limits).text  # type: ignore[arg-type]

    refusal(register(token, issuer), 403)
    assert not PendingPublisher.objects.exists()


def test_a_closed_issuer_takes_no_registration(alice_token: str, issuer: Issuer) -> None:
    Issuer.objects.update(state=Issuer.State.READ_ONLY)

    refusal(register(alice_token, issuer), 400)


def test_a_version_founded_by_ci_names_no_person(fresh: PendingPublisher, ci: LocalIssuer) -> None:
    publish(publish_token(ci), "fresh")

    assert Version.objects.get().published_by is None


def test_a_pending_rule_does_not_take_a_grant_away(
    grant: PublisherCrate, alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    let_found("fresh", alice, issuer)
    let_publish(tide, alice, issuer, form(workflow_filename="other.yml"))

    answer = exchange(id_token(ci)).json()

    assert (answer["crates"], answer["new_crates"]) == (["tide"], ["fresh"])


# --- What becomes of those that wait ---


def test_the_last_moment_and_the_first_after_it(fresh: PendingPublisher, ci: LocalIssuer) -> None:
    now = timezone.now()
    PendingPublisher.objects.update(expires_at=now)

    with clock_at(now - timedelta(microseconds=1)):
        assert exchange(id_token(ci)).status_code == 200
    with clock_at(now):
        assert refusal(exchange(id_token(ci)), 403)["code"] == "no_publisher"


def test_a_crate_made_by_hand_ends_the_wait_of_others(
    fresh: PendingPublisher, bob_token: str, django_capture_on_commit_callbacks: Any
) -> None:
    publish(bob_token, "fresh")
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        expire()
        expire()

    assert not PendingPublisher.objects.exists()
    [letter] = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert "bob" not in letter.body


def test_the_loser_of_a_race_for_the_name_hears_of_a_conflict(
    fresh: PendingPublisher, bob: User, ci: LocalIssuer
) -> None:
    from trustpub.actors import CiJob
    from trustpub.models import PublishToken

    publish_token(ci)

    refused = CiJob(PublishToken.objects.get()).name_was_taken("fresh")

    assert (refused.code, refused.status) == ("pending_conflict", 409)
    assert AuditEvent.objects.filter(name="pending.conflict").exists()


def test_a_registrant_who_lost_standing_is_told_at_the_upload(
    fresh: PendingPublisher, ci: LocalIssuer
) -> None:
    token = publish_token(ci)
    _lock()

    with nothing_happens():
        error = refusal(publish(token, "fresh"), 403)

    assert error["code"] == "publisher_suspended"


def test_a_name_in_quarantine_cannot_be_registered(alice_token: str, issuer: Issuer) -> None:
    now = timezone.now()
    DeletedCrate.objects.create(
        name="fresh",
        canonical_name="fresh",
        created_at=now,
        available_at=now + timedelta(days=1),
    )

    taken = refusal(register(alice_token, issuer), 409)
    ReservedName.objects.create(canonical_name="other", reason="trademark")
    reserved = refusal(register(alice_token, issuer, "other"), 409)

    assert taken["code"] == reserved["code"] == "name_unavailable"
    assert taken["detail"].replace("fresh", "other") == reserved["detail"]


def test_an_owner_is_led_to_the_settings(
    alice: User, alice_token: str, bob_token: str, issuer: Issuer
) -> None:
    make_crate("fresh", owner=alice)

    assert "/crates/fresh/settings" in refusal(register(alice_token, issuer), 409)["detail"]
    assert "/crates/" not in refusal(register(bob_token, issuer), 409)["detail"]


def test_two_spellings_of_a_name_are_one(alice: User, issuer: Issuer) -> None:
    registered = register_names(
        actor=alice, owner=alice, names=["a-b", "A_B", "c"], issuer=issuer, form=form()
    )

    assert [pending.crate_name for pending in registered] == ["a-b", "c"]


def test_registrations_of_one_address_are_limited(
    alice_token: str, bob_token: str, issuer: Issuer, settings: LazySettings
) -> None:
    settings.REGISTRATIONS_PER_DAY = 1
    register(alice_token, issuer)

    refusal(register(bob_token, issuer, "other"), 429)


def test_a_workspace_is_registered_at_once_or_not_at_all(
    alice_token: str, bob: User, issuer: Issuer
) -> None:
    make_crate("taken", owner=bob)
    names = ["fresh", "fresh-macros"]

    made = register(alice_token, issuer, crates=names).json()["github_configs"]
    refusal(register(alice_token, issuer, crates=["more", "taken"]), 409)
    refusal(register(alice_token, issuer, crates=[]), 400)
    refusal(register(alice_token, issuer, crates="more"), 422)

    assert [config["crate"] for config in made] == names
    assert PendingPublisher.objects.count() == 2


@pytest.mark.parametrize(("span", "said"), [(-1, "1 to 90 days"), (0, None)])
def test_it_waits_one_to_ninety_days(
    alice: User, issuer: Issuer, span: int, said: str | None
) -> None:
    beyond = timedelta(seconds=span)
    for number, lifetime in enumerate((timedelta(days=1) + beyond, timedelta(days=90) - beyond)):
        told = pytest.raises(InvalidPublisher, match=said) if said else nullcontext()
        with told:
            register_names(
                actor=alice,
                owner=alice,
                names=[f"fresh-{number}"],
                issuer=issuer,
                form=form(),
                lifetime=lifetime,
            )


def test_a_moderator_deletes_what_is_there(fresh: PendingPublisher) -> None:
    with pytest.raises(NotFound):
        delete_pending(actor=System("shell"), pending_id=fresh.pk + 1, reason="squatting")
    assert PendingPublisher.objects.filter(pk=fresh.pk).exists()

    delete_pending(actor=System("shell"), pending_id=fresh.pk, reason="squatting")

    assert not PendingPublisher.objects.exists()
