"""What trusted publishing deletes on the clock, and what it keeps until then (a.10, d.3, g.2)."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent
from tests.factories.trustpub import make_issuer, make_refusal, make_workload
from trustpub.models import ExchangeRefusal, PublishToken, SpentIdToken
from trustpub.tasks import clean_up

MINUTE = timedelta(minutes=1)


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


def test_the_claims_of_a_refused_exchange_go_with_it(now: datetime, settings: Settings) -> None:
    issuer = make_issuer()
    for age in (settings.KEEP_REFUSED_EXCHANGES - MINUTE, settings.KEEP_REFUSED_EXCHANGES + MINUTE):
        make_refusal(issuer, at=now - age, workload={"repository": f"octo/{age.days}"})

    clean_up()

    [kept] = ExchangeRefusal.objects.all()
    assert kept.at > now - settings.KEEP_REFUSED_EXCHANGES


def test_an_expired_token_is_evidence_for_a_while(now: datetime, settings: Settings) -> None:
    for number, age in enumerate((-MINUTE, MINUTE)):
        expired = now - settings.KEEP_EXPIRED_TOKENS - age
        PublishToken.objects.create(
            digest=f"{number:064}",
            issuer=make_issuer(),
            workload=make_workload().as_dict(),
            replay_key="x",
            issued_at=expired - MINUTE,
            expires_at=expired,
        )

    for _ in range(2):
        clean_up()

    [kept] = PublishToken.objects.all()
    assert kept.expires_at > now - settings.KEEP_EXPIRED_TOKENS
    # Both were told before the older one went, and once each.
    assert AuditEvent.objects.filter(name="publish_token.expired_unused").count() == 2


def test_a_spent_id_token_is_known_until_it_could_not_come_back(now: datetime) -> None:
    issuer = make_issuer()
    for key, expires_at in (("gone", now - MINUTE), ("kept", now + MINUTE)):
        SpentIdToken.objects.create(issuer=issuer, key=key, expires_at=expires_at)

    clean_up()

    assert [row.key for row in SpentIdToken.objects.all()] == ["kept"]
