"""Where Django meets the registry app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"

    def ready(self) -> None:
        # Jobs register by being imported.
        from registry import job_log, tasks  # noqa: F401, PLC0415

        job_log.connect()
