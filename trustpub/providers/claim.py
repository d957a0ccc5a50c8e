"""How a provider describes the claims that it reads, and what a form can start from."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a claim is for."""

    IDENTITY = "identity"  # says whose job it is; pinned
    MATCHED = "matched"  # a publisher can ask for it
    CHECKED = "checked"  # must have one of the values that the provider knows as harmless
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim that a provider reads; the contract test takes each of them away and alters it."""

    name: str
    role: Role
    required: bool = True


@dataclass(frozen=True, slots=True)
class Suggested:
    """What is known of a workflow before a form is filled: a link, a claim, a pasted address.

    `place` is `repository` in segments, as below the forge's web address, with whatever follows.
    """

    repository: str = ""
    place: tuple[str, ...] = ()
    workflow: str = ""
    environment: str = ""
