"""count_downloads: adds the downloads in access logs to the counts."""

import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from adapters.log_file import UnreadableLog, log_path, pieces_of
from registry.operations.count_downloads import Counted
from registry.operations.count_logs import CountedElsewhere, count_log


class Command(BaseCommand):
    # The server judged them when it started; here they would load every view.
    requires_system_checks = ()
    help = (
        "Counts the downloads in access logs: nginx's combined form, CloudFront's tab-separated "
        "one, or a JSON object a line; plain, gzip or zstd. A log of the same text is counted "
        "once, however often and under whatever name it comes, and of a log that has grown what "
        "is new. After a crash, run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="- is standard input")

    def handle(self, **options: Any) -> None:
        failed = False
        for name in options["files"]:
            try:
                with log_path(name, sys.stdin.buffer) as path:
                    counted = count_log(partial(pieces_of, path))
            except UnreadableLog as error:
                failed = True
                self.stderr.write(f"{name}: {error}; nothing of it was counted")
            except CountedElsewhere:
                failed = True
                self.stderr.write(f"{name}: another process counts it at this moment")
            else:
                self.stdout.write(f"{name}: {_summary(counted)}")
        if failed:
            raise CommandError("not every file was counted; mend what is named above, run again")


def _summary(counted: Counted | None) -> str:
    if counted is None:
        return "counted before"
    return (
        f"{counted.downloads} downloads counted, {counted.dropped} dropped (no such version), "
        f"{counted.unreadable} lines not understood"
    )
