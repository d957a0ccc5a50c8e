"""A job's publishes are counted for its publisher and crate, not for a person (d.4)."""

import pytest
from pytest_django import Settings

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.models import Crate, RateBucket
from tests.ci import let_publish, publish_token
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal
from trustpub.models import Issuer, PublisherCrate


@pytest.fixture(autouse=True)
def _small_limits(settings: Settings) -> None:
    settings.RATE_LIMITS = {
        "publish-new": (1, 600),
        "publish-update": (2, 60),
        "yank-unyank": (1, 60),
    }


def test_a_burst_of_versions_is_refused_whatever_the_token(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    for patch in range(2):
        assert publish(publish_token(ci), "tide", f"0.1.{patch}").status_code == 200

    token = publish_token(ci)
    with nothing_happens():
        answer = publish(token, "tide", "0.1.2")
    error = refusal(answer, 429)

    assert error["code"] == "rate_limited"
    assert answer["Retry-After"].endswith("GMT")


def test_another_crate_of_the_same_job_has_its_own(
    grant: PublisherCrate, ci: LocalIssuer, alice: User, issuer: Issuer
) -> None:
    make_crate("reef", owner=alice)
    let_publish(Crate.objects.get(name="reef"), alice, issuer)
    token = publish_token(ci)
    for patch in range(2):
        publish(token, "tide", f"0.1.{patch}")

    refusal(publish(token, "tide", "0.1.2"), 429)
    assert publish(token, "reef").status_code == 200


def test_the_owner_may_still_publish(
    grant: PublisherCrate, ci: LocalIssuer, alice_token: str
) -> None:
    for patch in range(2):
        publish(publish_token(ci), "tide", f"0.1.{patch}")

    assert publish(alice_token, "tide", "0.2.0").status_code == 200
    subjects = RateBucket.objects.order_by("pk").values_list("subject", flat=True)
    assert [subject.split(":")[0] for subject in subjects] == ["publisher", "user"]


def test_a_crate_that_is_not_covered_is_not_counted(
    grant: PublisherCrate, ci: LocalIssuer, bob: User
) -> None:
    make_crate("other", owner=bob)

    refusal(publish(publish_token(ci), "other"), 403)

    assert not RateBucket.objects.exists()
