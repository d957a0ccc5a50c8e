"""The queue without a server: messages are files that several processes share."""

from pathlib import Path
from typing import Any

POLLING_SECONDS = 0.5


def filesystem_broker(data_dir: Path) -> dict[str, Any]:
    """Celery's transport options; makes the folders, which nobody else does."""
    messages, control = data_dir / "queue" / "messages", data_dir / "queue" / "control"
    for folder in (messages, control):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": POLLING_SECONDS,
    }
