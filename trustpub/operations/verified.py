"""Verified: what an exchange knows of a job before it looks for publishers."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from trustpub.models import Issuer
from trustpub.workload import Workload


class Recalled(NamedTuple):
    """What has to be so still, before anything follows from it (trustpub.known_issuers)."""

    issuer_url: str
    row_versions: str


@dataclass(frozen=True, slots=True)
class Verified:
    """An ID token that passed every check that needs no publisher."""

    issuer: Issuer
    workload: Workload
    replay_key: str
    remember_until: datetime
    expires_at: datetime
    # Who started the job, where the provider tells; compared with owners and never stored.
    actor_id: str = ""
    # Of the issuer and its keys, where these were recalled and not looked up.
    recalled: Recalled | None = None
