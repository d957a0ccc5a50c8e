"""Sends one letter: subject, text, HTML; and writes letters as files where there is no SMTP."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email

from adapters.atomic_file import write_atomically


def send_letter(
    *,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Sends one letter to each address, so that no recipient sees another's.

    Line breaks in the subject become spaces. Raises ValidationError for an address that is not
    exactly one address, before anything is sent, and OSError (smtplib's errors are of this
    kind) when the mail server fails, which is worth another try.
    """
    for address in to:
        validate_email(address)
    letters = [_letter(address, subject, text, html, headers or {}) for address in to]
    if not letters:
        return
    refused: SMTPRecipientsRefused | None = None
    with get_connection() as connection:
        for letter in letters:
            try:
                connection.send_messages([letter])
            except SMTPRecipientsRefused as error:
                # One owner's dead address must not keep the others from hearing of a change.
                refused = error
    if refused:
        raise refused


class EmlFileBackend(BaseEmailBackend):
    """Writes each letter as one `.eml` file below settings.EMAIL_FILE_PATH.

    The names sort by time, a file that has its name is complete, and only the account that runs
    Waybill can read it.
    """

    def __init__(self, fail_silently: bool = False, **kwargs: object) -> None:
        super().__init__(fail_silently=fail_silently)
        folder = getattr(settings, "EMAIL_FILE_PATH", None)
        if not folder:
            raise ImproperlyConfigured("EMAIL_FILE_PATH must name the folder for letters")
        self._folder = Path(folder)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """The number of letters written; raises OSError unless fail_silently."""
        written = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                content = message.message().as_bytes()
                write_atomically(self._folder / _file_name(), content, private=True)
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                written += 1
        return written


def _letter(
    address: str, subject: str, text: str, html: str | None, headers: Mapping[str, str]
) -> EmailMultiAlternatives:
    letter = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=text,
        to=[address],
        # RFC 3834: keeps holiday notices from answering.
        headers={"Auto-Submitted": "auto-generated", **headers},
    )
    if html is not None:
        letter.attach_alternative(html, "text/html")
    return letter


def _file_name() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
