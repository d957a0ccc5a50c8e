"""The same leak reported several times at one moment, and a reader removed while a job asks."""

import pytest
from django.core import mail

from accounts.models import ApiToken, AuditEvent, User
from accounts.operations.tokens import create_token
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.operations.leaks import Leak, end_leaked_tokens
from tests.ci import IDS, exchange, id_token, let_publish, publish_token, trusted
from tests.factories.id_tokens import signing_key
from tests.factories.registry import make_crate
from tests.races.together import at_once
from trustpub.models import PublishToken
from trustpub.operations.readers import add_reader, remove_reader

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
GITHUB = System("GitHub secret scanning")


def test_each_token_ends_once_whoever_reports_it_and_in_whatever_order(alice: User) -> None:
    with LocalIssuer(key=signing_key()) as ci:
        let_publish(make_crate("tide", owner=alice), alice, trusted(ci))
        texts = [create_token(user=alice, name=f"token {n}").text for n in range(4)]
        texts += [publish_token(ci) for _ in range(2)]
    mail.outbox.clear()

    def report(number: int) -> list[bool | None]:
        order = texts if number % 2 else texts[::-1]
        leaks = [Leak(text, f"report {number}", "") for text in order]
        return end_leaked_tokens(actor=GITHUB, leaks=leaks)

    answers = at_once(6, report)

    # Whoever came first ended all of them; the others know them all.
    assert sorted(answers) == [[False] * 6] * 5 + [[True] * 6]
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert not PublishToken.objects.filter(revoked_at=None).exists()
    assert AuditEvent.objects.filter(name__endswith=".leaked").count() == 6
    assert sum("leaked" in letter.subject for letter in mail.outbox) == 6


def test_no_token_of_a_removed_reader_is_left() -> None:
    with LocalIssuer(key=signing_key()) as ci:
        reader = add_reader(
            actor=GITHUB,
            issuer=trusted(ci),
            owner="ferris-labs",
            owner_id=IDS["repository_owner_id"],
        )
        # Fetches the issuer's keys.
        assert exchange(id_token(ci), scope="read").status_code == 200
        jwts = [id_token(ci) for _ in range(3)]

        def work(number: int) -> int:
            if number == 0:
                remove_reader(actor=GITHUB, reader_id=reader.pk)
                return 0
            return int(exchange(jwts[number - 1], scope="read").status_code)

        statuses = at_once(4, work)

    assert set(statuses[1:]) <= {200, 403}
    assert not PublishToken.objects.usable().exists()
