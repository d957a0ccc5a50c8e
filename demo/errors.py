"""The two ways in which the demo ends early."""


class DemoFailed(Exception):
    """Something did not go as the story tells: one clear sentence, and a program's own words."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


class Stopped(BaseException):
    """Somebody asked for the end, by SIGINT, SIGTERM or SIGHUP."""
