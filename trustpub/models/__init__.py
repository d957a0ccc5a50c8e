"""Tables about issuers, the rules that trust their jobs, and the tokens that jobs were given."""

from trustpub.models.blocked_source import BlockedSource
from trustpub.models.exchange_refusal import ExchangeRefusal
from trustpub.models.figure import CountedNotes, Figure
from trustpub.models.issuer import Issuer, KeySetRow
from trustpub.models.notice import Notice
from trustpub.models.opening_request import OpeningRequest
from trustpub.models.pending_publisher import PendingPublisher
from trustpub.models.publish_token import PublishToken
from trustpub.models.publisher import Publisher, PublisherCrate
from trustpub.models.reader import Reader
from trustpub.models.rule import TrustRule
from trustpub.models.spent_id_token import SpentIdToken
from trustpub.models.switch import SwitchedOff
from trustpub.models.unknown_claim import UnknownClaim

__all__ = [
    "BlockedSource",
    "CountedNotes",
    "ExchangeRefusal",
    "Figure",
    "Issuer",
    "KeySetRow",
    "Notice",
    "OpeningRequest",
    "PendingPublisher",
    "PublishToken",
    "Publisher",
    "PublisherCrate",
    "Reader",
    "SpentIdToken",
    "SwitchedOff",
    "TrustRule",
    "UnknownClaim",
]
