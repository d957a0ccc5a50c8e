"""What may be kept of a job whose token was refused after its signature was verified."""

import re
from collections.abc import Mapping

from trustpub.echo import printable
from trustpub.jwt import SignedClaims
from trustpub.workload import Workload

# Field of a workload -> claim, or claims with "/" between them.
NotedClaims = Mapping[str, str | tuple[str, ...]]

MAX_LENGTH = 255
# A number, a UUID with or without braces, or a digest: no provider's IDs go beyond.
_KNOWN_ID = re.compile(r"[0-9A-Za-z{}:_-]{1,64}")
_REQUIRED_FACTS = (
    "repository",
    "repository_id",
    "owner_id",
    "workflow",
    "workflow_ref",
    "run_id",
    "event",
)


def noted_workload(
    kind: str, noted: NotedClaims, claims: SignedClaims, *, repository_id: str = ""
) -> Workload | None:
    """What the claims tell of the job; None where they do not say whose it was.

    `repository_id` stands in for providers that compute theirs.
    """
    identity = repository_id or _told(claims, noted.get("repository_id", "repository_id"))
    if not _KNOWN_ID.fullmatch(identity):
        return None
    told = {name: text for name, names in noted.items() if (text := _told(claims, names))}
    required = dict.fromkeys(_REQUIRED_FACTS, "")
    facts = {**required, **told, "repository_id": identity}
    return Workload(provider=kind, **facts)  # type: ignore[arg-type]


def _told(claims: SignedClaims, names: str | tuple[str, ...]) -> str:
    """As one text; "" where one of the claims is neither a text nor a number."""
    values = [claims.get(name) for name in ((names,) if isinstance(names, str) else names)]
    texts = [str(value) for value in values if type(value) in (str, int)]
    return printable("/".join(texts), MAX_LENGTH) if len(texts) == len(values) else ""
