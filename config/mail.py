"""EMAIL_URL as Django's settings for mail."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from config.environment import Environment


class MailSettings(NamedTuple):
    """In the order in which settings.py takes them."""

    backend: str
    file_path: str
    host: str
    port: int
    user: str
    password: str
    use_ssl: bool
    use_tls: bool


def mail_settings(environment: Environment) -> MailSettings:
    """Letters as files below the data folder, or through SMTP (STARTTLS, or TLS for smtps://)."""
    folder = str(environment.data_dir / "mail")
    if environment.email_url is None:
        return MailSettings(
            "adapters.mail.EmlFileBackend", folder, "", 0, "", "", use_ssl=False, use_tls=False
        )
    parts = urlsplit(environment.email_url)
    ssl = parts.scheme == "smtps"
    return MailSettings(
        "django.core.mail.backends.smtp.EmailBackend",
        folder,
        parts.hostname or "",
        parts.port or (465 if ssl else 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        use_ssl=ssl,
        use_tls=not ssl and bool(parts.username),
    )
