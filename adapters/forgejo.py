"""The question we ask Forgejo and Gitea: the numbers behind a public repository's name."""

import re
from dataclasses import dataclass

from adapters.http import OutgoingError, fetch_json

_PART = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class ForgejoRepository:
    """A repository; `full_name` is `owner/name` in the forge's own spelling."""

    id: int
    owner_id: int
    full_name: str


def find_repository(
    api_url: str, owner: str, name: str, *, allow_private: bool = False
) -> ForgejoRepository | None:
    """The public repository of this name; None when there is none, or when it moved.

    `api_url` is `https://HOST/api/v1`. Raises OutgoingError when there is no usable answer.
    """
    if not (_PART.fullmatch(owner) and _PART.fullmatch(name)):
        return None
    address = f"{api_url.rstrip('/')}/repos/{owner}/{name}"
    try:
        facts = fetch_json(address, allow_private=allow_private).body
    except OutgoingError as error:
        # A former name redirects, and is not to be pinned.
        if error.status in (301, 302, 307, 308, 404):
            return None
        raise
    holder = facts.get("owner") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(holder, dict):
        raise OutgoingError("the forge's answer is not a repository", False)
    ids = (facts.get("id"), holder.get("id"))
    full_name = facts.get("full_name")
    if not all(type(value) is int and value > 0 for value in ids) or not isinstance(full_name, str):
        raise OutgoingError("the forge's answer has no numbers", False)
    return ForgejoRepository(int(str(ids[0])), int(str(ids[1])), full_name)
