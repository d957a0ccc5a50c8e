"""What administrators and moderators see of trusted publishing, and what they do about it."""

from trustpub.admin import (  # noqa: F401
    issuer,
    pending_publisher,
    publish_token,
    publisher,
    reader,
    refusal,
    source,
    switch,
)
