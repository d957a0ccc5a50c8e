"""What is logged, and how a line looks; the request's id ties it to an answer."""

from typing import Any

LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "accounts.request_context.RequestIdFilter"}},
    "formatters": {
        "line": {
            # Whatever a library writes, no token gets out.
            "()": "accounts.log_redaction.RedactingFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Every answered "no" would be a line; the audit log and metrics tell them better.
        "django.request": {"level": "ERROR"},
    },
}
