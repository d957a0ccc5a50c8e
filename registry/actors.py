"""Actor: what the registry asks of whoever acts; people, token holders and the system itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import IntEnum

from django.conf import settings

from accounts.errors import Refusal, TokenLacksPermission
from accounts.models import ApiToken, User
from accounts.powers import Power
from accounts.scopes import Scope
from accounts.step_up import require_factor
from registry.errors import EmailNotVerified, NameTaken, NotOwner
from registry.models import Crate, Provenance, PublishKind, Team, Version
from registry.teams import is_member


class Rights(IntEnum):
    """What somebody may do with a crate, each level including the one before."""

    NONE = 0
    PUBLISH = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class ProvenanceFacts:
    """What a version's Provenance row says beside the version; see the model's fields."""

    kind: PublishKind
    fields: dict[str, object] = field(default_factory=dict)


class Actor(ABC):
    """Whoever acts: the registry knows these questions and none of the answers' reasons."""

    kind: str
    # The person to show and to credit; None for a CI job and the system.
    user: User | None = None
    api_token: ApiToken | None = None

    @property
    @abstractmethod
    def identifier(self) -> str:
        """A stable id within the kind, for the audit log."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What a reader of the audit log should see."""

    @abstractmethod
    def allows(self, scope: Scope, crate_name: str) -> bool:
        """Whether the credentials cover this kind of action on this crate name."""

    def scope_refusal(self, scope: Scope, crate_name: str) -> Refusal:
        """What to say when `allows` said no."""
        return TokenLacksPermission()

    @abstractmethod
    def rights_on(self, crate: Crate) -> Rights:
        """Asked within the operation's transaction."""

    def has_rights(self, crate: Crate, needed: Rights) -> bool:
        """Whether `rights_on` reaches so far, for less work where it can be had."""
        return self.rights_on(crate) >= needed

    @property
    def owning_account(self) -> int | None:
        """The key of the account that gives it all rights on the crates that it owns."""
        return None

    def look_up_rights(self, crate: Crate) -> None:  # noqa: B027
        """Asks others what `rights_on` needs of them, ahead of a transaction that must not wait."""

    @abstractmethod
    def founder_of(self, crate_name: str) -> User:
        """Who owns a crate that this actor creates; raises a Refusal if it may not create it."""

    @abstractmethod
    def provenance(self) -> ProvenanceFacts:
        """Which facts belong to a version that this actor publishes."""

    def check_may_publish(self) -> None:  # noqa: B027 - most actors have nothing to check
        """Raises a Refusal for a reason that lies in the actor, whatever the crate."""

    def published(self, version: Version, *, is_first: bool) -> None:  # noqa: B027
        """Told inside the publishing transaction: it is published."""

    def has_published(self, version: Version, provenance: Provenance) -> bool:
        """Whether the version came with these very credentials, which may add to it."""
        credential = self.provenance().fields.get("credential")
        return bool(credential) and provenance.credential == credential

    def name_was_taken(self, crate_name: str) -> Refusal:
        """What to say, once all is rolled back, when another upload founded the crate meanwhile."""
        return NameTaken(crate_name)

    def limit_key(self, crate_name: str) -> str | None:
        """Whose bucket of publishes and yanks this is (at most 128 characters); None: no limit."""
        return f"user:{self.user.pk}" if self.user else None

    def check_binding(self, name: str, num: str, checksum: str | None) -> None:  # noqa: B027
        """Raises a Refusal where the credentials are for another archive; most are for any.

        None as `checksum`: the archive was not read yet.
        """


class Person(Actor):
    """Somebody signed in with a browser."""

    kind = "person"

    def __init__(self, user: User) -> None:
        self.user: User = user
        # What GitHub said while this actor acts: team -> member.
        self._memberships: dict[int, bool] = {}

    @property
    def identifier(self) -> str:
        return str(self.user.pk)

    @property
    def label(self) -> str:
        return self.user.login

    def allows(self, scope: Scope, crate_name: str) -> bool:
        return True

    def rights_on(self, crate: Crate) -> Rights:
        """Full for an owner; members of an owning team may publish and yank, no more."""
        if crate.is_owned_by(self.user):
            return Rights.FULL
        owning = Team.objects.filter(ownerships__crate=crate).order_by("pk")
        return Rights.PUBLISH if any(map(self._is_in, owning)) else Rights.NONE

    @property
    def owning_account(self) -> int | None:
        return self.user.pk

    def has_rights(self, crate: Crate, needed: Rights) -> bool:
        if needed is Rights.FULL:
            # No team gives them, so nothing is asked of GitHub.
            return crate.is_owned_by(self.user)
        return super().has_rights(crate, needed)

    def look_up_rights(self, crate: Crate) -> None:
        self.rights_on(crate)

    def founder_of(self, crate_name: str) -> User:
        return self.user

    def provenance(self) -> ProvenanceFacts:
        return ProvenanceFacts(PublishKind.TOKEN)

    def check_may_publish(self) -> None:
        if self.user.verified_email() is None:
            raise EmailNotVerified(f"{settings.PUBLIC_URL}/settings/profile")
        require_factor(self.user)

    def _is_in(self, team: Team) -> bool:
        if team.pk not in self._memberships:
            self._memberships[team.pk] = is_member(self.user, team)
        return self._memberships[team.pk]


class Moderator(Person):
    """Somebody who acts for the registry, and says why: any crate, but nothing of their own."""

    def __init__(self, user: User, because: str) -> None:
        super().__init__(user)
        # Each audit event says it.
        self.because = because

    @property
    def owning_account(self) -> int | None:
        return None

    def rights_on(self, crate: Crate) -> Rights:
        return Rights.FULL if Power.MODERATE.is_held_by(self.user) else Rights.NONE

    def has_rights(self, crate: Crate, needed: Rights) -> bool:
        return self.rights_on(crate) >= needed

    def limit_key(self, crate_name: str) -> str | None:
        """What has to be cleaned up is as much as it is."""
        return None


class TokenHolder(Person):
    """Somebody who sent one of their API tokens, with no more rights than the token."""

    kind = "api_token"

    def __init__(self, token: ApiToken) -> None:
        super().__init__(token.user)
        self.api_token: ApiToken = token

    @property
    def identifier(self) -> str:
        return str(self.api_token.pk)

    @property
    def label(self) -> str:
        return f"{self.user.login} (token {self.api_token.name})"

    def allows(self, scope: Scope, crate_name: str) -> bool:
        return self.api_token.allows(scope, crate_name)


class System(Actor):
    """The registry itself or its operator at the shell; `reason` says on what occasion."""

    kind = "system"

    def __init__(self, reason: str, *, on_behalf_of: User | None = None) -> None:
        self.reason = reason
        self.user = on_behalf_of

    @property
    def identifier(self) -> str:
        return ""

    @property
    def label(self) -> str:
        return self.reason

    def allows(self, scope: Scope, crate_name: str) -> bool:
        return True

    def rights_on(self, crate: Crate) -> Rights:
        return Rights.FULL

    def founder_of(self, crate_name: str) -> User:
        if self.user is None:
            raise NotOwner(f"nobody was named who would own the new crate `{crate_name}`")
        return self.user

    def provenance(self) -> ProvenanceFacts:
        return ProvenanceFacts(PublishKind.IMPORTED)

    def limit_key(self, crate_name: str) -> str | None:
        """An operator's import is as large as it is."""
        return None
