"""What administrators and moderators see of people, and what they do about them."""

from accounts.admin import api_token, audit_event, authenticator, sign_in, suspicion, user  # noqa: F401
