"""Where Django meets the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Jobs register by being imported.
        from accounts import tasks  # noqa: F401, PLC0415
        from accounts.step_up import watch_sign_ins  # noqa: PLC0415

        watch_sign_ins()
