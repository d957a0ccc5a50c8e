"""Tables about people and what they did."""

from accounts.models.address_confirmation import AddressConfirmation
from accounts.models.api_token import ApiToken
from accounts.models.audit_erasure import AuditErasure
from accounts.models.audit_event import AuditEvent
from accounts.models.browser_session import BrowserSession
from accounts.models.github_token import GitHubToken
from accounts.models.rate_window import RateWindow
from accounts.models.suspicion import Suspicion
from accounts.models.user import User

__all__ = [
    "AddressConfirmation",
    "ApiToken",
    "AuditErasure",
    "AuditEvent",
    "BrowserSession",
    "GitHubToken",
    "RateWindow",
    "Suspicion",
    "User",
]
