"""Which request is being answered, for audit events and log lines."""

import logging
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Empty strings outside of a request."""

    request_id: str = ""
    address: str = ""
    user_agent: str = ""


_current: ContextVar[RequestContext] = ContextVar("request", default=RequestContext())  # noqa: B039


def current_request() -> RequestContext:
    return _current.get()


def set_current_request(context: RequestContext) -> None:
    _current.set(context)


class RequestIdFilter(logging.Filter):
    """Puts the request's id on every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request().request_id or "-"
        return True
