"""Lets CI jobs of an organisation read a private registry, and gives each a token for it (d.8)."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, token_text
from accounts.errors import NotFound
from accounts.scopes import Scope
from accounts.token_text import TokenKind
from registry.actors import Actor
from trustpub.codes import ExchangeCode
from trustpub.echo import printable
from trustpub.errors import ExchangeRefused, InvalidPublisher, PublisherExists
from trustpub.models import BlockedSource, Issuer, PublishToken, Reader
from trustpub.operations.grant import (
    LONGEST_AFTER_ID_TOKEN,
    CiWorkload,
    ExchangeRequest,
    Granted,
    grant,
    spend,
)
from trustpub.operations.identities import Identity, resolve
from trustpub.operations.verified import Verified
from trustpub.providers.base import MAX_FIELD_LENGTH, id_problem
from trustpub.workload import Workload

# How precisely `last_used_at` is kept: many jobs start at once.
LAST_USE_PRECISION = timedelta(minutes=1)


def add_reader(
    *,
    actor: Actor,
    issuer: Issuer,
    owner: str,
    repository: str = "",
    owner_id: str = "",
    repository_id: str = "",
    pull_requests: bool = False,
) -> Reader:
    """All repositories of `owner`, or the one named; numbers left out are asked of the forge.

    Raises InvalidPublisher where the forge does not tell them, and PublisherExists.
    """
    if max(len(owner), len(repository)) > MAX_FIELD_LENGTH or not owner:
        raise InvalidPublisher("the owner must be named, in at most 255 characters")
    found = Identity(repository_id, owner_id, f"{owner}/{repository}")
    if not owner_id or (repository and not repository_id):
        # Asked outside of the transaction. No repository has a single dash for a name.
        found = resolve(issuer, f"{owner}/{repository or '-'}")
    owner_id, repository_id = owner_id or found.owner_id, repository_id or found.repository_id
    _check_ids(owner_id, repository, repository_id)
    return _save(
        actor,
        Reader(
            issuer=issuer,
            owner=owner,
            owner_id=owner_id,
            repository=repository,
            repository_id=repository_id if repository else "",
            pull_requests=pull_requests,
        ),
    )


@transaction.atomic
def remove_reader(*, actor: Actor, reader_id: int) -> None:
    """Its tokens end with it. Raises NotFound."""
    reader = Reader.objects.select_for_update(of=("self",)).select_related("issuer")
    found = reader.filter(pk=reader_id).first()
    if found is None:
        raise NotFound
    audit.record("reader.deleted", actor=actor, subject=str(found), before=found.facts())
    found.tokens.filter(revoked_at=None).update(
        revoked_at=timezone.now(), revoked_because="reader removed"
    )
    found.delete()


@transaction.atomic
def grant_reading(verified: Verified, request: ExchangeRequest) -> Granted:
    """A token that reads and does nothing else, also for whom a publisher knows.

    Raises ExchangeRefused.
    """
    reader = _reader_for(verified)
    if reader is None:
        return _grant_to_publisher(verified, request)
    spend(verified)
    now = timezone.now()
    if reader.last_used_at is None or now - reader.last_used_at > LAST_USE_PRECISION:
        Reader.objects.filter(pk=reader.pk).update(last_used_at=now)
    return _mint(verified, reader)


def _reader_for(verified: Verified) -> Reader | None:
    """Locked, so that its removal waits for the token that is about to be made."""
    workload = verified.workload
    blocked = BlockedSource.objects.of(verified.issuer, workload.repository_id, workload.owner_id)
    if blocked.exists():
        raise _no_reader(workload)
    matching = Reader.objects.select_for_update(of=("self",)).filter(
        Q(repository_id="") | Q(repository_id=workload.repository_id),
        issuer=verified.issuer,
        owner_id=workload.owner_id,
    )
    # The narrowest first, so that removing a wider one leaves its tokens.
    readers = list(matching.order_by("-repository_id"))
    allowed = verified.issuer.adapter.allowed_events
    if allowed and workload.event not in allowed:
        if not readers:
            raise _no_reader(workload)
        readers = [reader for reader in readers if reader.pull_requests]
        if readers:
            return readers[0]
        raise ExchangeRefused(
            ExchangeCode.EVENT_NOT_ALLOWED,
            f"the job was started by `{printable(workload.event)}`, which brings code that nobody "
            "has reviewed; an administrator can allow it with allow_reader --pull-requests",
        )
    return next(iter(readers), None)


def _grant_to_publisher(verified: Verified, request: ExchangeRequest) -> Granted:
    """Whoever may publish from CI has to read what is already there."""
    try:
        return grant(verified, request)
    except ExchangeRefused as refused:
        if refused.code != ExchangeCode.NO_PUBLISHER:
            raise
        raise _no_reader(verified.workload) from None


def _no_reader(workload: Workload) -> ExchangeRefused:
    return ExchangeRefused(
        ExchangeCode.NO_PUBLISHER,
        f"jobs of `{printable(workload.repository)}` may not read from this registry; an "
        "administrator can allow it with the command allow_reader",
    )


def _mint(verified: Verified, reader: Reader) -> Granted:
    text = token_text.new_token(settings.TOKEN_PREFIX, TokenKind.PUBLISH)
    now = timezone.now()
    token = PublishToken.objects.create(
        digest=token_text.digest(text),
        issuer=verified.issuer,
        reader=reader,
        scopes=[Scope.READ],
        workload=verified.workload.as_dict(),
        replay_key=verified.replay_key,
        issued_at=now,
        expires_at=min(
            now + settings.READ_TOKEN_LIFETIME, verified.expires_at + LONGEST_AFTER_ID_TOKEN
        ),
    )
    audit.record(
        "exchange.granted",
        actor=CiWorkload(verified.workload),
        subject=str(token),
        after={"reads": str(reader)},
    )
    return Granted(text, token.expires_at, (), ())


def _check_ids(owner_id: str, repository: str, repository_id: str) -> None:
    if repository_id and not repository:
        raise InvalidPublisher("a repository's id needs the repository's name beside it")
    for name, value in (("owner", owner_id), ("repository", repository_id)):
        if not value and (name == "owner" or repository):
            raise InvalidPublisher(
                f"the forge does not tell the {name}'s number; name it (--{name}-id)"
            )
        if value and id_problem(value):
            raise InvalidPublisher(f"{name}_id: {id_problem(value)}")


@transaction.atomic
def _save(actor: Actor, reader: Reader) -> Reader:
    try:
        with transaction.atomic():
            reader.save()
    except IntegrityError:
        raise PublisherExists(f"jobs of {reader} may read already") from None
    audit.record("reader.created", actor=actor, subject=str(reader), after=reader.facts())
    return reader
