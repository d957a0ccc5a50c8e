"""Repositories and owners that an administrator has blocked (reference, g.3)."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.actors import System
from registry.models import Crate
from tests.accounts.deeds import do, preview
from tests.ci import exchange, form, id_token, let_found, let_publish, publish_token
from tests.wire import nothing_happens, publish, refusal
from trustpub.errors import InvalidPublisher
from trustpub.models import BlockedSource, Issuer, PublisherCrate
from trustpub.operations.blocks import block, unblock
from trustpub.operations.readers import add_reader

REPOSITORY, OWNER = "702113958", "9176411"
BY = pytest.mark.parametrize("numbers", [{"repository_id": REPOSITORY}, {"owner_id": OWNER}])


def stop(issuer: Issuer, **numbers: str) -> BlockedSource:
    source = BlockedSource(issuer=issuer, reason="malware", **numbers)
    block(actor=System("tests"), source=source)
    return source


@BY
def test_its_jobs_exchange_nothing_until_it_is_lifted(
    grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer, numbers: dict[str, str]
) -> None:
    token = publish_token(ci)
    source = stop(issuer, **numbers)

    error = refusal(exchange(id_token(ci)), 403)

    assert error["code"] == "publisher_suspended"
    assert "malware" not in str(error)
    with nothing_happens():
        refusal(publish(token, "tide"), 403)
    unblock(actor=System("tests"), source=source)
    assert exchange(id_token(ci)).status_code == 200
    names = AuditEvent.objects.filter(name__startswith="source.").values_list("name", flat=True)
    assert list(names.order_by("pk")) == ["source.blocked", "source.unblocked"]


@BY
def test_it_founds_nothing(
    alice: User, issuer: Issuer, ci: LocalIssuer, numbers: dict[str, str]
) -> None:
    let_found("fresh", alice, issuer)
    stop(issuer, **numbers)

    refusal(exchange(id_token(ci)), 403)


@BY
def test_nobody_registers_it(
    alice: User, tide: Crate, issuer: Issuer, numbers: dict[str, str]
) -> None:
    stop(issuer, **numbers)

    with pytest.raises(InvalidPublisher, match="blocked"):
        let_publish(tide, alice, issuer)
    with pytest.raises(InvalidPublisher, match="blocked"):
        let_found("fresh", alice, issuer)


@BY
def test_it_reads_nothing(issuer: Issuer, ci: LocalIssuer, numbers: dict[str, str]) -> None:
    add_reader(actor=System("tests"), issuer=issuer, owner="ferris-labs", owner_id=OWNER)
    stop(issuer, **numbers)

    refusal(exchange(id_token(ci), scope="read"), 403)


@pytest.mark.parametrize("numbers", [{"repository_id": "1"}, {"owner_id": "1"}])
def test_others_go_on(
    grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer, numbers: dict[str, str]
) -> None:
    token = publish_token(ci)
    stop(issuer, **numbers)

    assert publish(token, "tide").status_code == 200
    assert exchange(id_token(ci)).status_code == 200


def test_the_same_numbers_on_another_installation_go_on(
    grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer
) -> None:
    stop(Issuer.objects.exclude(pk=issuer.pk)[0], repository_id=REPOSITORY)

    assert exchange(id_token(ci)).status_code == 200


def test_what_names_no_number_blocks_nobody(
    alice: User, tide: Crate, issuer: Issuer, ci: LocalIssuer
) -> None:
    stop(issuer, owner_id="1")

    grant = let_publish(tide, alice, issuer, form(repository_id=None, repository_owner_id=None))

    assert not grant.publisher.is_pinned


def test_an_administrator_does_it_with_a_reason(
    grant: PublisherCrate, issuer: Issuer, ci: LocalIssuer, client: Client
) -> None:
    client.force_login(User.objects.create_superuser("root", password="x" * 20))

    def add(**fields: Any) -> Any:
        return preview(client, BlockedSource, "block", issuer=issuer.pk, **fields)

    assert add(repository_id=REPOSITORY, reason=" ").status_code == 400
    assert add(repository_id="1", owner_id="2", reason="both").status_code == 400
    form = {"issuer": issuer.pk, "repository_id": REPOSITORY}
    do(client, BlockedSource, "block", **form)

    refusal(exchange(id_token(ci)), 403)
    [again] = add(repository_id=REPOSITORY, reason="again").context["plan"]
    assert "blocked already" in again.problem
    do(client, BlockedSource, "unblock", [BlockedSource.objects.get()])
    assert exchange(id_token(ci)).status_code == 200
    assert AuditEvent.objects.filter(actor_label="root").count() >= 2
