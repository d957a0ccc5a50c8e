import pytest
from django.conf import LazySettings

from tests.wire import send
from trustpub.models import Issuer

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
