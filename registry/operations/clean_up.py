"""Deletes what killed processes left lying: files that were never finished."""

import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from adapters.atomic_file import remove_unfinished
from registry import storage

# No upload and no letter takes so long to write.
UNFINISHED_FOR = timedelta(days=1)
logger = logging.getLogger(__name__)


def remove_unfinished_files() -> int:
    """Safe to run at any time; answers how many files there were."""
    before = (timezone.now() - UNFINISHED_FOR).timestamp()
    removed = storage.objects().remove_unfinished(before)
    if settings.EMAIL_FILE_PATH:
        removed += remove_unfinished(Path(settings.EMAIL_FILE_PATH), before=before)
    if removed:
        logger.info("removed %d unfinished files that killed processes had left", removed)
    return removed
