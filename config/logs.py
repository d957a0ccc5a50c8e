"""What is logged, and how a line looks; the request's id ties it to an answer."""

import sys
from typing import Any

TEXT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"


def logs(log_format: str | None) -> dict[str, Any]:
    """Django's LOGGING: lines for people on a terminal, JSON for programs, or what is said."""
    chosen = log_format or ("text" if sys.stderr.isatty() else "json")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "accounts.request_context.RequestIdFilter"}},
        # Whatever a library writes, no token gets out of either.
        "formatters": {
            "text": {"()": "accounts.log_redaction.RedactingFormatter", "fmt": TEXT},
            "json": {"()": "accounts.json_logs.JsonLines"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": chosen,
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # Every answered "no" would be a line; the audit log and metrics tell them better.
            "django.request": {"level": "ERROR"},
        },
    }
