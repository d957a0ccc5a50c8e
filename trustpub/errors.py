"""Every "no" of trusted publishing."""

from collections.abc import Mapping
from datetime import datetime

from accounts.errors import InvalidInput, NotAllowed, NotFound, Refusal
from trustpub.binding import Binding
from trustpub.codes import ExchangeCode
from trustpub.echo import printable


class ExchangeRefused(Refusal):
    """An exchange that ended in a "no"; the code decides the status (a.11)."""

    def __init__(
        self,
        code: ExchangeCode,
        detail: str,
        *,
        extra: Mapping[str, object] | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(detail, extra=extra, retry_at=retry_at)
        self.code = code.value
        self.status = code.status


class InvalidPublisher(InvalidInput):
    code = "invalid_publisher"


class TrustedPublishingOff(Refusal):
    code = ExchangeCode.TRUSTED_PUBLISHING_DISABLED.value
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "Trusted publishing is switched off on this registry at the moment; try again later."
        )


class PendingPublishersOff(Refusal):
    code = "pending_publishers_disabled"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "This registry takes no new pending publishers at the moment. Publish the first "
            "version with an API token, then add a publisher to the crate; or try again later."
        )


class PublisherExists(Refusal):
    code = "publisher_exists"
    status = 409


class TooManyPublishers(Refusal):
    code = "too_many_publishers"
    status = 409


class PublishersChanged(Refusal):
    code = "publishers_changed"
    status = 412

    def __init__(self) -> None:
        super().__init__(
            "the publishers of this crate have changed since the list was read; read it again, "
            "then send the change anew"
        )


class NameUnavailable(Refusal):
    """The same answer for a name that exists, is reserved, or is prohibited (c.2 rule 4)."""

    code = "name_unavailable"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the crate name `{name}` is not available for a first publish; choose another name, "
            "or, if you own this crate, add a publisher in its settings"
        )


class TokenDoesNotCover(NotAllowed):
    code = "token_does_not_cover"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The provided access token is not valid for crate `{name}`: the CI job's publisher "
            "does not cover it. Add the crate to the publisher, then run the job again."
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
