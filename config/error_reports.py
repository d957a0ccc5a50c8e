"""Joins the optional error reports to what Waybill knows of secrets and requests."""

from accounts.log_redaction import redacted
from accounts.request_context import current_request
from adapters.error_reports import can_report, start_reporting
from config.environment_values import InvalidEnvironment


def report_errors(dsn: str | None) -> None:
    """Nothing where SENTRY_DSN is not set; raises InvalidEnvironment without the library."""
    if dsn is None:
        return
    if not can_report():
        raise InvalidEnvironment(
            "SENTRY_DSN",
            "the library that reports is not installed (.venv/bin/pip install sentry-sdk), "
            "or leave it unset",
            "",
        )
    start_reporting(
        dsn,
        redacted=redacted,
        request_id=lambda: current_request().request_id,
    )
