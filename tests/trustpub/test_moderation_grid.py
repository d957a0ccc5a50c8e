"""Every deed of the admin, by everybody: who may do it, that it is done, and that it says why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.admin.deed_admin import DeedAdmin
from accounts.admin.deeds import Verdict
from accounts.models import ApiToken, AuditEvent, Suspicion, User
from accounts.operations.lock import lock
from accounts.operations.moderators import make_moderator
from accounts.operations.tokens import create_token
from accounts.powers import Power
from registry.actors import System
from registry.models import (
    Crate,
    CrateLimits,
    CrateReview,
    LimitOverride,
    Report,
    ReservedName,
    Version,
)
from registry.operations.quarantine import quarantine_crate, quarantine_user, quarantine_version
from registry.operations.yank import yank
from tests.accounts.deeds import address, do
from tests.factories.registry import make_crate, make_owner, make_version
from tests.factories.trustpub import make_issuer, make_pending, make_publisher
from trustpub.models import (
    BlockedSource,
    Issuer,
    PendingPublisher,
    Publisher,
    PublishToken,
    SwitchedOff,
)
from trustpub.operations.moderate import stop_publisher

pytestmark = pytest.mark.django_db
SHELL = System("tests")
MODERATORS, ADMINISTRATORS = Power.MODERATE, Power.ADMINISTER
NONE: dict[str, Any] = {}


@dataclass
class World:
    """What there is to act on."""

    alice: User
    bob: User
    crate: Crate = field(init=False)
    version: Version = field(init=False)

    def __post_init__(self) -> None:
        self.crate = make_crate("tide", owner=self.alice)
        line = {"index_line": '{"name":"tide","yanked":false}'}
        make_version(self.crate, "1.0.0", **line)
        self.version = make_version(self.crate, "1.1.0", **line)

    def publisher(self) -> Publisher:
        return make_publisher(self.crate).publisher

    def stopped(self) -> Publisher:
        publisher = self.publisher()
        stop_publisher(actor=SHELL, publisher=publisher, reason="x")
        return publisher

    def quarantined(self, row: Any) -> Any:
        match row:
            case Crate():
                quarantine_crate(actor=SHELL, crate=row, reason="x")
            case Version():
                quarantine_version(actor=SHELL, version=row, reason="x")
            case User():
                quarantine_user(actor=SHELL, user=row)
        return row

    def locked(self) -> User:
        lock(actor=SHELL, user=self.bob, reason="x")
        return self.bob

    def yanked(self) -> Version:
        yank(actor=SHELL, version=self.version)
        return self.version

    def with_factor(self) -> User:
        Authenticator.objects.create(user=self.bob, type="totp", data={})
        return self.bob

    def moderator(self) -> User:
        make_moderator(actor=SHELL, user=self.bob)
        return self.bob

    def publish_token(self) -> PublishToken:
        end = timezone.now() + timedelta(minutes=9)
        return PublishToken.objects.create(
            issuer=make_issuer(), digest=b"x" * 32, workload={}, expires_at=end
        )

    def owned_by_both(self) -> Crate:
        make_owner(self.crate, self.bob)
        return self.crate

    def report(self) -> Report:
        return Report.objects.create(crate_name="tide", category="other", reporter=self.bob)

    def override(self) -> LimitOverride:
        return LimitOverride.objects.create(
            user=self.bob, action="publish-new", burst=9, reason="x"
        )


Make = Callable[[World], Model | None]
# Deed -> what it is done to, the form, the event, and who may.
DEEDS: dict[tuple[type[Model], str], tuple[Make, dict[str, Any], str, Power]] = {
    (User, "lock"): (lambda w: w.bob, {"until": "2099-01-01"}, "user.locked", MODERATORS),
    (User, "unlock"): (lambda w: w.locked(), NONE, "user.unlocked", MODERATORS),
    (User, "reset-second-factor"): (
        lambda w: w.with_factor(),
        NONE,
        "second_factor.reset",
        ADMINISTRATORS,
    ),
    (User, "make-moderator"): (lambda w: w.bob, NONE, "user.made_moderator", ADMINISTRATORS),
    (User, "end-moderator"): (lambda w: w.moderator(), NONE, "user.no_moderator", ADMINISTRATORS),
    (User, "quarantine"): (lambda w: w.alice, NONE, "user.quarantined", MODERATORS),
    (User, "release"): (lambda w: w.quarantined(w.alice), NONE, "user.released", MODERATORS),
    (User, "limit"): (
        lambda w: w.bob,
        {"action": "publish-new", "burst": "9"},
        "user.limit_changed",
        MODERATORS,
    ),
    (ApiToken, "revoke"): (
        lambda w: create_token(user=w.bob, name="t").token,
        NONE,
        "token.revoked",
        MODERATORS,
    ),
    (Crate, "quarantine"): (lambda w: w.crate, NONE, "crate.quarantined", MODERATORS),
    (Crate, "release"): (lambda w: w.quarantined(w.crate), NONE, "crate.released", MODERATORS),
    (Crate, "delete"): (lambda w: w.crate, {"days": "9"}, "crate.deleted", MODERATORS),
    (Crate, "add-owners"): (lambda w: w.crate, {"logins": "bob"}, "owner.added", MODERATORS),
    (Crate, "remove-owners"): (
        lambda w: w.owned_by_both(),
        {"logins": "bob"},
        "owner.removed",
        MODERATORS,
    ),
    (Crate, "transfer"): (lambda w: w.crate, {"logins": "bob"}, "owner.removed", MODERATORS),
    (Version, "yank"): (lambda w: w.version, NONE, "version.yanked", MODERATORS),
    (Version, "unyank"): (lambda w: w.yanked(), NONE, "version.unyanked", MODERATORS),
    (Version, "quarantine"): (lambda w: w.version, NONE, "version.quarantined", MODERATORS),
    (Version, "release"): (
        lambda w: w.quarantined(w.version),
        NONE,
        "version.released",
        MODERATORS,
    ),
    (Version, "delete"): (lambda w: w.version, NONE, "version.deleted", MODERATORS),
    (ReservedName, "reserve"): (
        lambda w: None,
        {"pattern": "acme-*"},
        "name.reserved",
        MODERATORS,
    ),
    (ReservedName, "release"): (
        lambda w: ReservedName.objects.create(canonical_name="acme", reason="x"),
        NONE,
        "name.released",
        MODERATORS,
    ),
    (CrateLimits, "limit"): (
        lambda w: None,
        {"crate": "tide", "max_features": "9"},
        "crate.limits_changed",
        MODERATORS,
    ),
    (CrateLimits, "end"): (
        lambda w: CrateLimits.objects.create(canonical_name="tide", max_features=9, reason="x"),
        NONE,
        "crate.limits_changed",
        MODERATORS,
    ),
    (LimitOverride, "end"): (lambda w: w.override(), NONE, "user.limit_changed", MODERATORS),
    (Report, "acted-on"): (lambda w: w.report(), NONE, "report.resolved", MODERATORS),
    (Report, "dismiss"): (lambda w: w.report(), NONE, "report.resolved", MODERATORS),
    (CrateReview, "look-at"): (
        lambda w: CrateReview.objects.create(crate=w.crate),
        NONE,
        "crate.looked_at",
        MODERATORS,
    ),
    (Suspicion, "look-at"): (
        lambda w: Suspicion.objects.create(kind="many_crates", user=w.bob, subject="bob"),
        NONE,
        "suspicion.looked_at",
        MODERATORS,
    ),
    (Publisher, "stop"): (lambda w: w.publisher(), NONE, "publisher.suspended", MODERATORS),
    (Publisher, "release"): (lambda w: w.stopped(), NONE, "publisher.resumed", MODERATORS),
    (Publisher, "delete"): (lambda w: w.publisher(), NONE, "publisher.deleted", MODERATORS),
    (PendingPublisher, "delete"): (
        lambda w: make_pending("fresh", w.bob),
        NONE,
        "pending.deleted",
        MODERATORS,
    ),
    (PublishToken, "revoke"): (
        lambda w: w.publish_token(),
        NONE,
        "publish_token.revoked",
        MODERATORS,
    ),
    (BlockedSource, "block"): (
        lambda w: None,
        {"repository_id": "9"},
        "source.blocked",
        MODERATORS,
    ),
    (BlockedSource, "unblock"): (
        lambda w: BlockedSource.objects.create(issuer=make_issuer(), owner_id="9", reason="x"),
        NONE,
        "source.unblocked",
        MODERATORS,
    ),
    (Issuer, "state"): (
        lambda w: make_issuer(),
        {"state": "read_only"},
        "issuer.edited",
        ADMINISTRATORS,
    ),
    (SwitchedOff, "off"): (
        lambda w: None,
        {"name": "trusted_publishing"},
        "switch.off",
        ADMINISTRATORS,
    ),
    (SwitchedOff, "on"): (
        lambda w: SwitchedOff.objects.create(name="trusted_publishing", reason="x"),
        NONE,
        "switch.on",
        ADMINISTRATORS,
    ),
}
NAMES = [f"{model.__name__}-{name}" for model, name in DEEDS]


@pytest.fixture
def world(alice: User, bob: User) -> World:
    return World(alice, bob)


def moderator(charlie: User) -> Client:
    if charlie.moderator_since is None:
        make_moderator(actor=SHELL, user=charlie)
    client = Client()
    client.force_login(charlie)
    return client


def administrator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x" * 20))
    return client


def form_of(fields: dict[str, Any], model: type[Model]) -> dict[str, Any]:
    return {**fields, "issuer": make_issuer().pk} if model is BlockedSource else dict(fields)


def test_no_deed_is_left_out() -> None:
    found = {
        (model, deed.name)
        for model, shown in admin.site._registry.items()
        if isinstance(shown, DeedAdmin)
        for deed in shown.deeds
    }

    assert found - set(DEEDS) == set()


@pytest.mark.parametrize("deed", DEEDS, ids=NAMES)
def test_who_may_does_it_and_says_why(world: World, charlie: User, deed: Any) -> None:
    (model, name), (make, fields, event, power) = deed, DEEDS[deed]
    row = make(world)
    doers = [administrator()] if power is ADMINISTRATORS else [moderator(charlie)]
    last = AuditEvent.objects.order_by("pk").last()
    since = last.pk if last else 0

    [outcome] = do(
        doers[0], model, name, [row] if row else [], **form_of(fields, model), reason="it is so"
    )

    assert (outcome.verdict, outcome.problem) == (Verdict.DONE, "")
    made = AuditEvent.objects.filter(pk__gt=since)
    assert event in {found.name for found in made}
    assert {found.after.get("reason") for found in made} == {"it is so"}
    assert {found.actor_label for found in made} <= {"root", "charlie"}


@pytest.mark.parametrize("deed", DEEDS, ids=NAMES)
def test_who_may_not_is_turned_away(world: World, charlie: User, deed: Any) -> None:
    (model, name), (make, fields, _, power) = deed, DEEDS[deed]
    row = make(world)
    path, before = address(model, name), AuditEvent.objects.count()
    sent = {"row": str(row.pk) if row else "", "reason": "x", **form_of(fields, model)}
    stranger = Client()
    stranger.force_login(charlie)
    lookers = [Client(), stranger]

    for client in lookers:
        for answer in (client.get(path, sent), client.post(path, {**sent, "confirm": "yes"})):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/admin/login/")
    staff = User.objects.create(login="staff", is_staff=True)
    looker = Client()
    looker.force_login(staff)
    refused = [looker]
    if power is ADMINISTRATORS:
        refused.append(moderator(charlie))
        before = AuditEvent.objects.count()
    for client in refused:
        assert client.get(path, sent).status_code == 403
        assert client.post(path, {**sent, "confirm": "yes"}).status_code == 403
    if power is MODERATORS:
        # The administrator may all that a moderator may.
        assert administrator().get(path, {"row": row.pk if row else ""}).status_code == 200
    assert AuditEvent.objects.count() == before


def test_no_plain_form_changes_anything(world: World) -> None:
    client = administrator()
    for model in admin.site._registry:
        meta = model._meta
        page = f"/admin/{meta.app_label}/{meta.model_name}/"
        if model._meta.app_label in ("accounts", "registry", "trustpub", "mfa"):
            assert client.get(page).status_code == 200, page
            assert client.get(f"{page}add/").status_code == 403, page
    for path in (f"crate/{world.crate.pk}", f"version/{world.version.pk}"):
        assert client.post(f"/admin/registry/{path}/change/", {"name": "x"}).status_code == 403
        assert client.post(f"/admin/registry/{path}/delete/", {"post": "yes"}).status_code == 403


def test_a_moderator_sees_no_settings_no_issuers_and_no_groups(charlie: User) -> None:
    client = moderator(charlie)
    home = client.get("/admin/").content.decode()

    for path in ("registry/crate", "accounts/user", "trustpub/publisher", "registry/report"):
        assert f'href="/admin/{path}/"' in home
    for path in ("trustpub/issuer", "trustpub/switchedoff", "mfa/authenticator"):
        assert f'href="/admin/{path}/"' not in home
        assert client.get(f"/admin/{path}/").status_code == 403
