"""Every "no" of trusted publishing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from accounts.errors import InvalidInput, NotAllowed, NotFound, Refusal
from trustpub.binding import Binding
from trustpub.codes import ExchangeCode
from trustpub.echo import printable

# Names the issuers that are on, for everybody to read.
AUDIENCE = f"{settings.PUBLIC_URL}/api/v1/trusted_publishing/audience"


class ExchangeRefused(Refusal):
    """An exchange that ended in a "no"; the code decides the status (a.11).

    `kept` are publishers and how each differs, for their owners; the answer tells less.
    """

    def __init__(
        self,
        code: ExchangeCode,
        detail: str,
        *,
        extra: Mapping[str, object] | None = None,
        retry_at: datetime | None = None,
        kept: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(detail, extra=extra, retry_at=retry_at)
        self.kept = kept
        self.code = code.value
        self.status = code.status


class InvalidPublisher(InvalidInput):
    code = "invalid_publisher"


class TrustedPublishingOff(Refusal):
    code = ExchangeCode.TRUSTED_PUBLISHING_DISABLED.value
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "Trusted publishing is switched off on this registry by its administrator; try again "
            f"later. What is on: {AUDIENCE}"
        )


class PendingPublishersOff(Refusal):
    code = "pending_publishers_disabled"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "This registry takes no new pending publishers at the moment. Publish the first "
            "version with an API token, then add a publisher to the crate; or try again later."
        )


class UnknownIssuer(InvalidPublisher):
    """The same answer for an issuer that there is not, and for one of somebody else's."""

    def __init__(self) -> None:
        super().__init__(
            "`issuer` is not an issuer that this registry trusts for this crate; ask its "
            "administrator to add it. One that belongs to an organization publishes only crates "
            "that a team of the organization owns",
            extra={"field": "issuer"},
        )


class PublisherExists(Refusal):
    code = "publisher_exists"
    status = 409


class TooManyPublishers(Refusal):
    code = "too_many_publishers"
    status = 409


class NotInThatState(Refusal):
    """The publisher is not in the state that this would end."""

    code = "not_in_that_state"
    status = 409


class NameUnavailable(Refusal):
    """The same answer for a name that exists, is reserved, or is prohibited (c.2 rule 4)."""

    code = "name_unavailable"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the crate name `{name}` is not available for a first publish; choose another name, "
            "or, if you own this crate, add a publisher in its settings"
        )


class CrateIsYours(NameUnavailable):
    """Told to its owners alone: the crate exists, and its settings are the place."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name)
        self.detail = (
            f"you own the crate `{name}` already; add the publisher in its settings: {address}"
        )


class TokenDoesNotCover(NotAllowed):
    code = "token_does_not_cover"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The provided access token is not valid for crate `{name}`: the CI job's publisher "
            "does not cover it. Add the crate to the publisher, then run the job again."
        )


class VersionNotTagged(NotAllowed):
    code = "version_not_tagged"

    def __init__(self, crate: str, version: str, expected: str, received: str) -> None:
        super().__init__(
            f"The publisher of `{crate}` publishes version {version} from `{expected}` alone, but "
            f"the job ran for `{received}`. Push that tag, or correct the version in Cargo.toml.",
            extra={"expected": expected, "received": received},
        )


class TokenBoundElsewhere(NotAllowed):
    code = "token_bound_to_another_archive"

    def __init__(self, bound: Binding, received: Binding) -> None:
        super().__init__(
            f"this publish token was issued for {bound.name}@{bound.version} with the SHA-256 "
            f"{bound.checksum} alone, and the upload is {_described(received)}. Exchange a new ID "
            "token with `bind` set to this archive.",
            extra={"bound": bound.as_dict(), "received": received.as_dict()},
        )


class InvalidPublishToken(NotAllowed):
    code = "invalid_publish_token"

    def __init__(self) -> None:
        super().__init__(
            "Invalid authentication token: it expired, was revoked, or its publisher was changed"
        )


def _described(received: Binding) -> str:
    version = f"@{printable(received.version, 150)}" if received.version else ""
    checksum = f" with the SHA-256 {received.checksum}" if received.checksum else ""
    return f"{printable(received.name, 64)}{version}{checksum}"


def config_not_found() -> NotFound:
    return NotFound("Not Found")


class StoppedByModerators(NotAllowed):
    code = "publisher_stopped"

    def __init__(self) -> None:
        super().__init__(
            "the moderators of this registry have stopped the publisher of this repository; ask "
            "them before you change it or add it again"
        )
