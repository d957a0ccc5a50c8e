"""Runs every check that settings name; one that breaks is a finding and stops no other."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.utils.module_loading import import_string

from registry.operations.checkup.finding import Check, Finding, problem

logger = logging.getLogger(__name__)


def examine() -> Iterator[Finding]:
    """What each check finds, in the order of the settings."""
    for path in settings.CHECKUP:
        check: Check = import_string(path)
        try:
            yield from check()
        except Exception as error:
            # Its text may hold an address with a password; the log is the operator's own.
            logger.debug("%s failed", path, exc_info=True)
            yield problem(
                path.rpartition(".")[2],
                f"the check itself failed ({type(error).__name__})",
                "mend what the other findings name, then run doctor again",
            )
