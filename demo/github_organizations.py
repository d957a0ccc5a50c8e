"""What the fake GitHub says of organisations, their teams and members, to whom may know it."""

from collections.abc import Sequence

from demo.github_world import FakeAccount, FakeTeam, GitHubWorld, simple_user_json

# A status, and the JSON of an answer or the message of a problem.
Answer = tuple[int, dict[str, object] | str]
NOT_FOUND: Answer = (404, "Not Found")
RESTRICTED: Answer = (403, "The organization has enabled OAuth App access restrictions.")
FOR_MEMBERS: Answer = (403, "You must be a member of this organization to see its members.")


def ask_organization(
    world: GitHubWorld, asker: FakeAccount, path: Sequence[str], web: str, api: str
) -> Answer:
    """The answer to a path below `/orgs` or `/organizations`, in the asker's name."""
    match path:
        case ["orgs", organization, "teams", slug]:
            return _team(world, asker, world.team(organization, slug), web, api)
        case ["organizations", organization, "team", number, "memberships", login] if (
            organization.isdecimal() and number.isdecimal()
        ):
            team = world.teams.get(int(number))
            return _team_membership(world, asker, int(organization), team, login)
        case ["organizations", organization, "memberships", login] if organization.isdecimal():
            return _membership(world, asker, int(organization), login)
        case _:
            return NOT_FOUND


def _team(
    world: GitHubWorld, asker: FakeAccount, team: FakeTeam | None, web: str, api: str
) -> Answer:
    if team is None:
        return NOT_FOUND
    if team.organization.id in world.restricted:
        return RESTRICTED
    return (200, _team_json(team, web, api)) if world.sees(asker, team) else NOT_FOUND


def _team_membership(
    world: GitHubWorld, asker: FakeAccount, organization: int, team: FakeTeam | None, login: str
) -> Answer:
    if organization in world.restricted:
        return RESTRICTED
    if team is None or team.organization.id != organization or not world.sees(asker, team):
        return NOT_FOUND
    account = world.account(login)
    state = team.members.get(account.id) if account else None
    return NOT_FOUND if state is None else (200, {"role": "member", "state": state})


def _membership(world: GitHubWorld, asker: FakeAccount, organization: int, login: str) -> Answer:
    if organization in world.restricted:
        return RESTRICTED
    roles = world.roles.get(organization, {})
    if asker.id not in roles:
        return FOR_MEMBERS
    account = world.account(login)
    role = roles.get(account.id) if account else None
    return NOT_FOUND if role is None else (200, {"role": role, "state": "active"})


def _team_json(team: FakeTeam, web: str, api: str) -> dict[str, object]:
    """The part of GitHub's "full team" that anybody asks for."""
    return {
        "id": team.id,
        "node_id": f"T_{team.id}",
        "url": f"{api}/organizations/{team.organization.id}/team/{team.id}",
        "html_url": f"{web}/orgs/{team.organization.login}/teams/{team.slug}",
        "name": team.name,
        "slug": team.slug,
        "description": None,
        "privacy": "secret" if team.secret else "closed",
        "organization": simple_user_json(team.organization, web, api),
    }
