"""A small registry in which every page has something to show, and some of it is hostile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import audit, token_text
from accounts.models import User
from accounts.operations.tokens import create_token
from registry.actors import Person
from registry.models import (
    Crate,
    DownloadTotals,
    PublishKind,
    Team,
    VersionDownload,
    VersionTotal,
)
from registry.operations.notifications import unsubscribe_token
from tests.factories.registry import (
    SHA,
    make_attestation,
    make_crate,
    make_dependency,
    make_invitation,
    make_owner,
    make_user,
    make_version,
)
from tests.factories.trustpub import make_issuer, make_pending, make_publisher, make_refusal
from trustpub.models import Issuer, PublisherCrate

LONG = "a-name-that-is-as-long-as-the-grammar-of-crates-lets-it-be-64-xx"
README = """# tide

Tells when the sea comes and goes. `tide` reads harmonic constants of a port and computes high and
low water for any day.

## Example

```rust
let port = tide::Port::named("Brest")?;
for water in port.on("2026-11-21") {
    println!("{} {:.1} m", water.time, water.height);
}
```

| Feature | What it adds |
| --- | --- |
| `serde` | reads and writes ports as JSON |
| `no-std` | works without an allocator |

> Not for navigation.

See [the book](https://tide.example/book) for how constants are found.
"""
# Markup, a change of direction, a word of ten thousand letters.
HOSTILE = "<script>alert(1)</script>\u202egnp.exe \u05e9\u05dc\u05d5\u05dd " + "w" * 10_000

# A readme may be in any direction: it is a box of its own.
HOSTILE_README = "\n\n".join(
    (
        HOSTILE.replace("\u202e", ""),
        f"# {'h' * 100}",
        f"`{'c' * 200}`",
        f"```\n{'p' * 300}\n```",
        f"|{'t' * 100}|b|\n|-|-|\n|1|2|",
    )
)


@dataclass(frozen=True, slots=True)
class Showcase:
    """The people of the registry, and the addresses of all its pages by who may see them."""

    owner: User
    public: list[str]
    private: list[str]


def fill() -> Showcase:
    """Alice owns most of it; needs no network."""
    alice, bob = make_user("alice", name="Alice Liddell"), make_user("bob")
    for person in (alice, bob):
        EmailAddress.objects.create(
            user=person, email=f"{person.login}@example.org", primary=True, verified=True
        )
    issuer = make_issuer(name="GitHub Actions", web_url="https://github.com")
    tide = _tide(alice, bob)
    grant = make_publisher(tide, issuer, last_used_at=timezone.now())
    _others(alice, bob)
    _hostile(alice)
    _count_downloads()
    make_invitation(Crate.objects.get(name="driftwood"), alice, bob)
    make_invitation(tide, make_user("carol"), alice, digest=token_text.digest("letter"))
    make_pending("lagoon", alice, issuer)
    _refused(issuer, grant)
    _happened(tide, alice)
    create_token(user=alice, name="laptop")
    return Showcase(alice, _public(), _private(grant.pk, unsubscribe_token(alice, tide)))


def _public() -> list[str]:
    return [
        "/",
        "/search",
        "/search?q=sea&from=ci",
        "/search?q=nothing-like-this",
        "/search?q=tyde",
        "/crates/tide",
        "/crates/tide/2.20.0",
        "/crates/tide/0.1.0",
        "/crates/tide/versions",
        "/crates/tide/2.20.0/dependencies",
        "/crates/tide/security",
        "/crates/sextant/reverse_dependencies",
        "/crates/driftwood",
        "/crates/driftwood/security",
        "/crates/shell/1.0.0",
        f"/crates/{LONG}",
        f"/crates/{LONG}/1.0.0-alpha.1+build",
        f"/crates/{LONG}/versions",
        f"/crates/{LONG}/1.0.0-alpha.1+build/dependencies",
        f"/crates/{LONG}/security",
        "/keywords",
        "/keywords/sea",
        "/categories",
        "/categories/science",
        "/category_slugs",
        "/users/alice",
        "/teams/github:octo:harbour",
        "/docs",
        "/docs/trusted-publishing",
        "/docs/errors",
        "/docs/api",
        "/docs/api/trusted-publishing",
        "/docs/api/objects/Crate",
        "/policies",
        "/sign-in",
        "/accept-invite/letter",
        "/no-such-page",
        "/crates/no-such-crate",
    ]


def _private(grant_id: int, unsubscribe_link: str) -> list[str]:
    return [
        "/crates/tide",
        "/crates/tide/report",
        "/dashboard",
        "/crates/tide/settings",
        "/crates/tide/settings/owners",
        "/crates/tide/settings/events",
        "/crates/tide/settings/delete",
        "/crates/tide/settings/publishers/new",
        f"/crates/tide/settings/publishers/{grant_id}/edit",
        f"/crates/{LONG}/settings",
        f"/crates/{LONG}/settings/owners",
        f"/crates/{LONG}/settings/delete",
        f"/crates/tide/settings/publishers/{grant_id}/check",
        f"/unsubscribe/{unsubscribe_link}",
        "/confirm-identity",
        "/settings/tokens",
        "/settings/tokens/new",
        "/settings/publishers",
        "/settings/publishers/new",
        "/me/pending-invites",
        "/settings/notifications",
        "/settings/email",
        "/settings/profile",
        "/settings/following",
        "/settings/second-factor",
        "/settings/sessions",
        "/settings/log",
        "/settings/data",
    ]


def _tide(alice: User, bob: User) -> Crate:
    tide = make_crate(
        "tide",
        owner=alice,
        description="High and low water for any port and day, from harmonic constants.",
        keywords=["sea", "astronomy", "navigation"],
        categories=["science", "date-and-time"],
        readme=README,
    )
    make_owner(tide, bob)
    team = Team.objects.create(login="github:octo:harbour", github_id=7, organization_id=42)
    tide.ownerships.create(team=team)
    for month in range(20, 0, -1):
        num = f"{2 if month <= 5 else 1 if month <= 12 else 0}.{20 - month}.0"
        came = {} if month <= 12 else None
        make_version(
            tide,
            num,
            provenance=came,
            published_by=None if came is not None else alice,
            created_at=_ago(days=30 * month),
            yanked=month == 9,
            yank_message="Wrong by an hour in southern ports." if month == 9 else "",
        )
    latest = make_version(
        tide,
        "2.20.0",
        provenance={},
        created_at=_ago(days=2),
        readme=README,
        license="MIT OR Apache-2.0",
        rust_version="1.74",
        edition="2021",
        size=48_213,
        repository="https://github.com/octo/hello",
        homepage="https://tide.example",
        documentation="https://docs.example/tide",
        vcs_info={"git": {"sha1": SHA}, "path_in_vcs": ""},
        features={"default": ["std"], "std": [], "serde": ["dep:serde"]},
        user_agent="cargo/1.90.0 (840b83a10 2025-07-30)",
    )
    make_attestation(latest)
    make_attestation(latest, "https://docs.pypi.org/attestations/publish/v1")
    make_dependency(latest, "sextant", requirement="^1.2")
    make_dependency(latest, "ephemeris", requirement="^0.3", features=["moon"])
    make_dependency(latest, "serde", optional=True, registry_index="https://index.example/")
    make_dependency(latest, "driftwood", kind="dev")
    return tide


def _refused(issuer: Issuer, grant: PublisherCrate) -> None:
    workflow = {"field": "workflow", "expected": "release.yml", "received": "nightly.yml"}
    make_refusal(
        issuer,
        detail="The publisher expects the workflow release.yml, and the job ran nightly.yml.",
        differences=[{"label": str(grant.publisher), "differences": [workflow]}],
    )


def _happened(tide: Crate, alice: User) -> None:
    """What the operations would have written to the audit log."""
    actor = Person(alice)
    audit.record(
        "publisher.created", actor=actor, crate=tide.name, subject="release.yml of octo/hello"
    )
    audit.record("version.yanked", actor=actor, crate=tide.name, subject="1.11.0")
    before, after = {"trustpub_only": False}, {"trustpub_only": True}
    audit.record("crate.changed", actor=actor, crate=tide.name, before=before, after=after)


def _others(alice: User, bob: User) -> None:
    sextant = make_crate("sextant", owner=alice, description="Angles.", keywords=["navigation"])
    version = make_version(sextant, "1.2.3", provenance={}, created_at=_ago(days=90))
    make_dependency(version, "angle", requirement="^1")
    ephemeris = make_crate("ephemeris", owner=bob, keywords=["astronomy"], categories=["science"])
    version = make_version(ephemeris, "0.3.1", created_at=_ago(days=33), published_by=bob)
    make_dependency(version, "angle", requirement="^1")
    make_dependency(version, "sextant", requirement="^1")
    make_version(make_crate("angle", owner=bob, description="Degrees and radians."), provenance={})
    make_version(
        make_crate("driftwood", owner=bob, description="Washed up on the sea.", keywords=["sea"]),
        published_by=bob,
        created_at=_ago(days=12),
    )
    make_version(
        make_crate("shell", description="From another registry."), kind=PublishKind.IMPORTED
    )
    make_version(make_crate("lighthouse", keywords=["sea"]), provenance={})
    make_version(make_crate("anemometer", keywords=["wind"]), kind=PublishKind.IMPORTED)


def _hostile(alice: User) -> None:
    hostile = make_crate(
        LONG, owner=alice, description=HOSTILE, keywords=["k" * 20], readme=HOSTILE
    )
    make_owner(hostile, make_user("o" * 64))
    team = Team.objects.create(
        login=f"github:{'g' * 39}:{'t' * 80}", github_id=8, organization_id=43
    )
    hostile.ownerships.create(team=team)
    make_invitation(hostile, make_user("i" * 64), alice)
    version = make_version(
        hostile,
        "1.0.0-alpha.1+build",
        provenance={
            "repository": f"octo/{'r' * 100}",
            "ref": f"refs/heads/{'b' * 200}",
            "workflow": HOSTILE[:200],
            "run_id": "9" * 64,
        },
        license=HOSTILE,
        user_agent="u" * 255,
        repository=f"https://example.org/{'r' * 2000}",
        vcs_info={"git": {"sha1": "a" * 40}, "path_in_vcs": "x" * 500},
        features={"f" * 200: ["g" * 200]},
        readme=HOSTILE_README,
        yanked=True,
        yank_message=HOSTILE,
        rust_version="r" * 64,
    )
    make_attestation(
        version,
        facts={"claims": {"issuer": HOSTILE, "run": "r" * 300}, "log_index": 1, "log_id": "l" * 88},
        verifier="v" * 64,
        root="t" * 255,
        failure=HOSTILE,
    )
    make_dependency(
        version, LONG, alias="n" * 64, target=f"cfg({'t' * 300})", features=["f" * 40] * 5
    )


def _count_downloads() -> None:
    """More at the end of the ninety days than at their beginning."""
    today, rows = timezone.now().date(), []
    for crate in Crate.objects.all():
        for at, version in enumerate(crate.versions.order_by("-pk")[:6]):
            days = range(90)
            daily = [(90 - day) * (7 - at) * (len(crate.name) % 5 + 1) for day in days]
            rows += [
                VersionDownload(version=version, date=today - timedelta(days=day), downloads=count)
                for day, count in zip(days, daily, strict=True)
            ]
            VersionTotal.objects.create(version=version, downloads=sum(daily))
            crate.downloads += sum(daily)
        _note(crate, downloads=crate.downloads, recent_downloads=crate.downloads)
    VersionDownload.objects.bulk_create(rows)
    total = sum(row.downloads for row in rows)
    DownloadTotals.objects.create(pk=DownloadTotals.ONLY, total=total, recent_since=today)


def _note(row: Any, **fields: int) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)


def _ago(*, days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
