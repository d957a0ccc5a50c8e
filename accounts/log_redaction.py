"""Keeps tokens out of log lines and error pages, whichever code put them there.

Our own code never logs one. This is for what others write: a traceback with the values of its
variables, a library that repeats its input.
"""

import logging
import re
from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

REDACTED = "[secret]"
# The start of every JSON object in base64url; cut off or whole, with or without its signature.
_JWT = r"eyJ[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]*){0,2}"

# The proof at the end of a letter's link.
_LINK = r"(?P<page>/(?:confirm|accept-invite|unsubscribe|accept)/)[\w.:%-]{20,}"


def redacted(text: str) -> str:
    """The text without anything that has the form of an ID token, a token or a link of ours."""
    return _pattern(settings.TOKEN_PREFIX).sub(_without_secret, text)


class RedactingFormatter(logging.Formatter):
    """Looks at the finished line, so that tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class RedactingReporter(ExceptionReporter):
    """The error page of DEBUG=1, which shows the variables of every frame."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(redacted(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redacted(super().get_traceback_text()))


def _without_secret(found: re.Match[str]) -> str:
    return f"{found['page'] or ''}{REDACTED}"


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"{_JWT}|{_LINK}|\b{re.escape(prefix)}_(?:tp_)?[0-9A-Za-z]{{20,}}")
