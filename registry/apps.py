"""Where Django meets the registry app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"

    def ready(self) -> None:
        from registry import tasks  # noqa: F401, PLC0415 - jobs register by being imported
