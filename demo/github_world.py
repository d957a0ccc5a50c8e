"""The people, teams and repositories of the fake GitHub, in the shapes that GitHub documents."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class FakeAccount:
    """A person or an organisation; the id stays when the login changes."""

    id: int
    login: str
    name: str | None = None
    email: str | None = None
    verified: bool = True
    kind: str = "User"


@dataclass(slots=True)
class FakeRepository:
    """A repository; `former_names` are the paths that GitHub redirects from."""

    id: int
    owner: FakeAccount
    name: str
    private: bool = False
    former_names: set[str] = field(default_factory=set)
    # File name below .github/workflows -> text.
    workflows: dict[str, str] = field(default_factory=dict)
    # Environment -> whether it has a protection rule.
    environments: dict[str, bool] = field(default_factory=dict)
    # SHA-256 of files with an attestation.
    attested: set[str] = field(default_factory=set)

    @property
    def full_name(self) -> str:
        """`owner/name`, in today's spelling."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True)
class FakeTeam:
    """A team; `members` are account ids -> `active` or `pending`."""

    id: int
    organization: FakeAccount
    slug: str
    name: str
    secret: bool = False
    members: dict[int, str] = field(default_factory=dict)


class GitHubWorld:
    """Who and what exists; names are found without regard to case, as on GitHub."""

    def __init__(self) -> None:
        self.accounts: dict[int, FakeAccount] = {}
        self.repositories: dict[int, FakeRepository] = {}
        self.teams: dict[int, FakeTeam] = {}
        # Organisation id -> account id -> role; everybody in it is `member` or `admin`.
        self.roles: dict[int, dict[int, str]] = {}
        # Ids of organisations that have not approved the OAuth app.
        self.restricted: set[int] = set()

    def account(self, login: str) -> FakeAccount | None:
        """Who has this login now."""
        found = (a for a in self.accounts.values() if a.login.lower() == login.lower())
        return next(found, None)

    def repository(self, full_name: str) -> FakeRepository | None:
        """The repository that has this name now."""
        found = (r for r in self.repositories.values() if r.full_name.lower() == full_name.lower())
        return next(found, None)

    def moved_repository(self, full_name: str) -> FakeRepository | None:
        """The repository that once had this name."""
        found = (r for r in self.repositories.values() if full_name.lower() in r.former_names)
        return next(found, None)

    def team(self, organization: str, slug: str) -> FakeTeam | None:
        """The team of this name, secret ones included."""
        wanted = (organization.lower(), slug.lower())
        found = (t for t in self.teams.values() if (t.organization.login.lower(), t.slug) == wanted)
        return next(found, None)

    def sees(self, account: FakeAccount, team: FakeTeam) -> bool:
        """Members of an organisation see its teams, but secret ones only from within."""
        role = self.roles.get(team.organization.id, {}).get(account.id)
        return role == "admin" or account.id in team.members or (bool(role) and not team.secret)

    def remember_names(self) -> None:
        """Keeps every repository's name of today as a former one; called before a rename."""
        for repository in self.repositories.values():
            repository.former_names.add(repository.full_name.lower())


def simple_user_json(account: FakeAccount, web: str, api: str) -> dict[str, object]:
    """GitHub's "simple user", as in a repository's owner."""
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"U_{account.id}",
        "avatar_url": f"{web}/avatars/u/{account.id}?v=4",
        "url": f"{api}/users/{account.login}",
        "html_url": f"{web}/{account.login}",
        "type": account.kind,
        "site_admin": False,
    }


def user_json(account: FakeAccount, web: str, api: str) -> dict[str, object]:
    """GitHub's "public user"; the address is null, as for everybody who keeps it private."""
    return {
        **simple_user_json(account, web, api),
        "name": account.name,
        "email": None,
        "created_at": "2020-01-01T00:00:00Z",
    }


def emails_json(account: FakeAccount) -> list[dict[str, object]]:
    """The account's addresses, as `GET /user/emails` lists them."""
    if account.email is None:
        return []
    return [
        {
            "email": account.email,
            "primary": True,
            "verified": account.verified,
            "visibility": "private",
        }
    ]


def repository_json(repository: FakeRepository, web: str, api: str) -> dict[str, object]:
    """The part of GitHub's "full repository" that anybody asks for."""
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": simple_user_json(repository.owner, web, api),
        "html_url": f"{web}/{repository.full_name}",
        "url": f"{api}/repos/{repository.full_name}",
        "fork": False,
        "archived": False,
        "visibility": "private" if repository.private else "public",
        "default_branch": "main",
    }
