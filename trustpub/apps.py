"""Where Django meets the trustpub app."""

from django.apps import AppConfig


class TrustpubConfig(AppConfig):
    name = "trustpub"
    verbose_name = "Trusted publishing"

    def ready(self) -> None:
        # Jobs register by being imported.
        from trustpub import tasks  # noqa: F401, PLC0415
