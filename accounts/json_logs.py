"""Log lines as JSON, one object a line, for whatever collects them."""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from accounts.log_redaction import redacted


class JsonLines(JsonFormatter):
    """`time`, `level`, `logger`, `message`, `request_id`, and what is known beyond.

    What a library attaches to a record is left out: Django hangs the whole request on it.
    """

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        log_data |= {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.message or str(message_dict),
            "request_id": getattr(record, "request_id", "-"),
            "process": record.process,
            **getattr(record, "facts", {}),
        }
        # The traceback.
        for name in ("exc_info", "stack_info"):
            if found := message_dict.get(name):
                log_data[name] = found

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))
