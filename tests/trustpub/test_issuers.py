"""Issuers as rows: the default states of the reference, and what an operator can set on one."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from tests.cases import in_turn
from tests.factories.id_tokens import contract_of
from trustpub.models import Issuer
from trustpub.providers import PROVIDERS, provider_for

pytestmark = pytest.mark.django_db
ON = {"github", "gitlab", "google", "circleci", "buildkite", "bitbucket"}


def trust(provider: str, url: str, *options: str, **more: Any) -> Issuer:
    call_command(
        "trust_issuer", provider, url, *(f"--option={option}" for option in options), **more
    )
    return Issuer.objects.get(url=url)


def test_the_default_states_are_those_of_the_reference() -> None:
    states = dict(Issuer.objects.values_list("provider", "state"))

    assert {kind for kind, state in states.items() if state == "enabled"} == ON
    assert {kind for kind, state in states.items() if state == "disabled"} == {"activestate"}
    assert set(PROVIDERS) - set(states) == {
        "azure", "entra", "forgejo", "gitea", "jenkins", "semaphore", "generic",
    }  # fmt: skip


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_kind_can_be_trusted_at_its_example(kind: str) -> None:
    options = {
        name: ",".join(value) if isinstance(value, list) else str(value).replace("True", "true")
        for name, value in contract_of(kind)["options"].items()
    }

    row = trust(kind, provider_for(kind).issuer_example, *(f"{n}={v}" for n, v in options.items()))

    assert (row.provider, row.state) == (kind, "enabled")
    assert row.options == contract_of(kind)["options"]
    assert row.adapter.options == row.options
    assert AuditEvent.objects.filter(subject=row.url).exists()


@in_turn(
    ("kind", "options", "said"),
    [
        ("azure", [], "accept_fixed_audience is required"),
        ("semaphore", [], "accept_fixed_audience is required"),
        ("semaphore", ["accept_fixed_audience=false"], "must be true"),
        ("activestate", [], "builder is required"),
        ("entra", [], "audience is required"),
        ("generic", [], "id_claims is required"),
        ("generic", ["id_claims="], "must be a list of claim names"),
        ("generic", ["id_claims=iss"], "may not list iss"),
        ("generic", ["id_claims=a,a"], "each once"),
        ("generic", ["id_claims=a", "run_path=https://evil.example/{a}"], "must be a path"),
        ("generic", ["id_claims=a", "run_path=/runs"], "must be a path"),
        ("generic", ["id_claims=a", "run_path=runs?x={a}"], "must be a path"),
        ("jenkins", ["extra_claims=branch,sub"], "may not list sub"),
        ("github", ["enterprize=x"], "there is no option 'enterprize'"),
        ("gitlab", ["max_lifetime_minutes=0"], "whole number of minutes"),
        ("gitlab", ["max_lifetime_minutes=soon"], "whole number of minutes"),
        ("gitlab", ["max_lifetime_minutes"], "is not NAME=VALUE"),
        ("google", ["allow_default_accounts=maybe"], "must be true or false"),
    ],
)
def test_an_option_that_is_wrong_is_named(kind: str, options: list[str], said: str) -> None:
    url = "https://issuer.example"

    with pytest.raises(CommandError, match=said):
        trust(kind, url, *options)

    assert not Issuer.objects.filter(url=url).exists()


def test_activestate_is_switched_on_with_the_agreed_builder() -> None:
    row = trust("activestate", provider_for("activestate").issuer_example, "builder=cargo")

    assert (row.state, row.options) == ("enabled", {"builder": "cargo"})


def test_options_stay_until_others_are_given() -> None:
    url = "https://git.example.org"
    trust("gitlab", url, "max_lifetime_minutes=60")

    assert trust("gitlab", url).options == {"max_lifetime_minutes": 60}
    assert trust("gitlab", url, "max_lifetime_minutes=30").adapter.lifetime.seconds == 1800
    event = AuditEvent.objects.filter(name="issuer.edited").last()
    assert event is not None
    assert event.before["options"] == {"max_lifetime_minutes": 60}
    assert event.after["options"] == {"max_lifetime_minutes": 30}


def test_keys_may_be_on_hosts_that_the_operator_names() -> None:
    row = trust("generic", "https://x.example", "id_claims=a", key_host=["keys.example"])

    assert row.extra_key_hosts == ["keys.example"]
    with pytest.raises(CommandError, match="a key host is a name"):
        trust("generic", "https://y.example", "id_claims=a", key_host=["https://keys.example"])


@pytest.mark.parametrize(
    ("kind", "url", "web_url"),
    [
        ("github", "https://token.actions.githubusercontent.com", "https://github.com"),
        ("github", "https://token.actions.acme.ghe.com", "https://acme.ghe.com"),
        ("github", "https://git.example.org/_services/token", "https://git.example.org"),
        ("gitlab", "https://example.org/gitlab", "https://example.org/gitlab"),
        ("forgejo", "https://codeberg.example/api/actions", "https://codeberg.example"),
        ("gitea", "https://example.org/gitea/api/actions", "https://example.org/gitea"),
        ("jenkins", "https://ci.example.org/oidc", "https://ci.example.org"),
        ("jenkins", "https://example.org/ci/job/team/oidc", "https://example.org/ci/job/team"),
        ("buildkite", "https://agent.buildkite.com", "https://buildkite.com"),
    ],
)
def test_links_are_built_on_the_installations_pages(kind: str, url: str, web_url: str) -> None:
    assert trust(kind, url).web_url == web_url


def test_an_installation_can_be_kept_to_one_tenant() -> None:
    root = "https://token.actions.githubusercontent.com"
    pinned = provider_for("github").configured({"enterprise": "ferris-inc"})
    org = "1d6f0a4e-6c0c-4d1c-9d3e-2d9c2b2a7a10"
    circle = provider_for("circleci").configured({"organization": org})
    bitbucket = provider_for("bitbucket").configured({"workspace": "ferris-labs"})
    tail = "pipelines-config/identity/oidc"

    assert pinned.issuer_matches(f"{root}/ferris-inc", root)
    assert not pinned.issuer_matches(root, root)
    assert not pinned.issuer_matches(f"{root}/stranger", root)
    assert circle.issuer_matches(f"https://c.example/org/{org}", "https://c.example")
    assert not circle.issuer_matches(f"https://c.example/org/{org[::-1]}", "https://c.example")
    assert bitbucket.issuer_matches(f"https://b.example/ferris-labs/{tail}", "https://b.example")
    assert not bitbucket.issuer_matches(f"https://b.example/other/{tail}", "https://b.example")


def test_data_residency_has_a_second_spelling() -> None:
    provider, row = provider_for("github"), "https://token.actions.acme.ghe.com"

    assert provider.issuer_matches(row, row)
    assert provider.issuer_matches(f"{row}/acme", row)
    assert not provider.issuer_matches(f"{row}/other", row)


def test_an_issuer_is_switched_off_and_on_again(capsys: pytest.CaptureFixture[str]) -> None:
    url = provider_for("circleci").issuer_example

    assert trust("circleci", url, state="disabled").state == "disabled"
    assert "is switched off" in capsys.readouterr().out
    assert AuditEvent.objects.filter(name="issuer.disabled", subject=url).exists()
    assert trust("circleci", url, state="read_only").state == "read_only"
    assert trust("circleci", url).state == "enabled"


def test_switching_off_needs_none_of_the_options() -> None:
    url = provider_for("activestate").issuer_example

    assert trust("activestate", url, state="disabled").options == {}


def test_an_operator_says_how_an_issuer_signs() -> None:
    url = "https://git.example.org"

    assert trust("gitlab", url).algorithms == ["RS256"]
    assert trust("gitlab", url, algorithm=["ES256", "EdDSA", "ES256"]).algorithms == [
        "ES256", "EdDSA",
    ]  # fmt: skip
    # Whatever else is set later leaves it as it is.
    assert trust("gitlab", url, name="Ours").algorithms == ["ES256", "EdDSA"]
    event = AuditEvent.objects.filter(subject=url).order_by("pk")[1]
    assert event.before["algorithms"] == ["RS256"]
    assert event.after["algorithms"] == ["ES256", "EdDSA"]


@pytest.mark.parametrize("name", ["none", "HS256", "rs256", "ES512", ""])
def test_what_is_no_public_key_algorithm_is_none_of_them(name: str) -> None:
    with pytest.raises(CommandError, match="is no algorithm to verify with"):
        trust("gitlab", "https://git.example.org", algorithm=[name])
