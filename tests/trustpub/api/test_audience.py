from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from config.former_audience import FormerAudience
from demo.issuer import LocalIssuer
from tests.ci import exchange
from tests.clock import clock_at
from tests.wire import send
from trustpub.models import Issuer, PublisherCrate

AUDIENCE = "/api/v1/trusted_publishing/audience"


@pytest.mark.django_db
def test_it_tells_what_to_ask_the_issuer_for(settings: LazySettings) -> None:
    settings.AUDIENCES = ("reg.example:8443/cargo",)

    assert send("GET", AUDIENCE).json() == {
        "audience": "reg.example:8443/cargo",
        "providers": ["bitbucket", "buildkite", "circleci", "github", "gitlab", "google"],
        "issuers": [
            "https://token.actions.githubusercontent.com",
            "https://gitlab.com",
            "https://accounts.google.com",
            "https://oidc.circleci.com",
            "https://agent.buildkite.com",
            "https://api.bitbucket.org/2.0/workspaces",
        ],
    }


@pytest.mark.django_db
def test_what_is_switched_off_is_not_named() -> None:
    Issuer.objects.exclude(provider="github").update(state=Issuer.State.DISABLED)

    assert send("GET", AUDIENCE).json()["providers"] == ["github"]


@pytest.mark.django_db
def test_no_credentials_stand_in_the_way() -> None:
    assert send("GET", AUDIENCE, "nonsense").status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 400)])
def test_a_former_audience_counts_until_its_last_day_is_over(
    settings: LazySettings, grant: PublisherCrate, ci: LocalIssuer, seconds: int, status: int
) -> None:
    end = timezone.now()
    settings.FORMER_AUDIENCE = FormerAudience("old.example", end)
    token = ci.github_token("old.example")

    with clock_at(end + timedelta(seconds=seconds)):
        answer = exchange(token)

    assert answer.status_code == status
    if status == 400:
        error = answer.json()["errors"][0]
        assert error["code"] == "invalid_audience"
        assert "request one for" in error["detail"]
        assert "or" not in error["detail"].partition("request one for")[2]
