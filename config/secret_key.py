"""The key that signs cookies and links, where the operator gives none."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def kept_secret(data_dir: Path) -> str:
    """The generated one; two processes that start at once agree on it. Raises OSError."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f".secret_key.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()
