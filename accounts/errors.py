"""Refusal, the base of every anticipated "no", and the ones that concern who is asking."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.http import UnreadablePostError
from django.utils import timezone
from django.utils.http import http_date

# After which a client should try again; nobody knows how long it really takes.
MAINTENANCE_TAKES = timedelta(minutes=10)


class Refusal(Exception):
    """An anticipated "no": a machine code, an HTTP status, and one sentence with the remedy."""

    code = "refused"
    status = 400

    def __init__(
        self,
        detail: str,
        *,
        extra: Mapping[str, object] | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        # Machine-readable facts that go beside `detail` in the API's error object.
        self.extra = dict(extra or {})
        self.retry_at = retry_at

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": http_date(self.retry_at.timestamp())} if self.retry_at else {}


class AuthenticationRequired(Refusal):
    code = "authentication_required"
    status = 403

    def __init__(self) -> None:
        super().__init__("this action requires authentication")


class UserAgentRequired(Refusal):
    code = "user_agent_required"
    status = 403

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "We require that all requests include a `User-Agent` header, so that we can reach "
            "whoever runs a program that causes trouble: send its name and a contact. "
            f"If you ask for help, name the request id {request_id}."
        )


class AuthenticationFailed(Refusal):
    code = "authentication_failed"
    status = 403

    def __init__(self) -> None:
        super().__init__("authentication failed")


class MalformedCredentials(Refusal):
    code = "malformed_credentials"
    status = 401


class TokenLacksPermission(Refusal):
    code = "token_lacks_permission"
    status = 403

    def __init__(self) -> None:
        super().__init__("this token does not have the required permissions to perform this action")


class AccountLocked(Refusal):
    """Also of an account in quarantine, which is a lock that has no end."""

    code = "account_locked"
    status = 403

    def __init__(self, reason: str, until: datetime | None) -> None:
        when = f"locked until {until:%Y-%m-%d at %H:%M:%S} UTC" if until else "indefinitely locked"
        said = reason or "none was given; ask whoever runs this registry"
        super().__init__(f"This account is {when}. Reason: {said}")


class BrowserOnly(Refusal):
    code = "browser_only"
    status = 403

    def __init__(self) -> None:
        super().__init__("this action can only be performed in the browser, after signing in")


class ReadOnly(Refusal):
    code = "read_only"
    status = 503

    def __init__(self) -> None:
        retry_at = timezone.now() + MAINTENANCE_TAKES
        super().__init__(
            "This registry is in read-only mode for maintenance: downloads and searches work, "
            f"changes do not. Please try again after {http_date(retry_at.timestamp())}.",
            retry_at=retry_at,
        )


class ReauthenticationRequired(Refusal):
    code = "reauthentication_required"
    status = 403

    def __init__(self, address: str) -> None:
        super().__init__(
            f"You signed in too long ago for this. Confirm that it is you at {address}, "
            "and try again"
        )


class SecondFactorRequired(Refusal):
    code = "second_factor_required"
    status = 403

    def __init__(self, address: str) -> None:
        super().__init__(
            "This registry asks everybody who does this for a second factor. "
            f"Set one up at {address}"
        )


class NotAllowed(Refusal):
    code = "not_allowed"
    status = 403


class NotFound(Refusal):
    code = "not_found"
    status = 404

    def __init__(self, detail: str = "Not Found") -> None:
        super().__init__(detail)


class WrongMethod(Refusal):
    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str | None) -> None:
        super().__init__(f'Method "{method}" not allowed.')


class InvalidInput(Refusal):
    code = "invalid_input"
    status = 400


class TooManyRequests(Refusal):
    code = "rate_limited"
    status = 429

    def __init__(self, what: str, retry_at: datetime) -> None:
        super().__init__(
            f"Too many {what}. Please try again after {http_date(retry_at.timestamp())}.",
            retry_at=retry_at,
        )


class RequestTimeout(Refusal):
    code = "request_timeout"
    status = 408

    def __init__(self) -> None:
        super().__init__(
            "the request's body came too slowly, or only in part; send it again over a better line"
        )


class ServerBusy(Refusal):
    code = "server_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "the server waits for the bodies of too many other requests; send this one again",
            retry_at=timezone.now() + timedelta(seconds=5),
        )


def unreadable(error: UnreadablePostError) -> Refusal:
    """What to say of a body that could not be read; config.slow_bodies says why.

    Each layer that reads may have wrapped the reason once more.
    """
    reason: BaseException | None = error
    while isinstance(reason, UnreadablePostError):
        reason = reason.__cause__
    return ServerBusy() if isinstance(reason, BlockingIOError) else RequestTimeout()


class UnverifiedAlert(Refusal):
    """A secret scanning alert that GitHub has not signed, as far as we can see."""

    code = "unverified_alert"
    status = 400

    def __init__(self, problem: str) -> None:
        super().__init__(f"failed to verify request signature: {problem}")


class InvalidAlert(Refusal):
    code = "invalid_alert"
    status = 400

    def __init__(self, problem: str) -> None:
        super().__init__(f"invalid secret alert request: {problem}")


class AlertKeysUnavailable(Refusal):
    code = "alert_keys_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "failed to verify request signature: GitHub's keys cannot be loaded; try again later",
            retry_at=timezone.now() + timedelta(minutes=1),
        )
