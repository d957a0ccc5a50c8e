"""The demo's people, places and jobs: everything that its acts work with."""

from dataclasses import dataclass

from demo.checkout import NAME, OWNER, REPOSITORY, WORKFLOW, Checkout
from demo.claims import GITHUB_CLAIMS
from demo.clients import Client
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from demo.registry_server import RegistryServer
from demo.story import Story
from trustpub.providers import provider_for

PERSON = "alice"
PERSON_ID = 5501234
ENVIRONMENT = str(GITHUB_CLAIMS["environment"])
REPOSITORY_ID = int(str(GITHUB_CLAIMS["repository_id"]))
OWNER_ID = int(str(GITHUB_CLAIMS["repository_owner_id"]))
FIRST, SECOND = "0.1.0", "0.2.0"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that an act works with."""

    story: Story
    registry: RegistryServer
    github: FakeGitHub
    issuer: LocalIssuer
    checkout: Checkout
    client: Client


def version_address(stage: Stage) -> str:
    return f"{stage.registry.url}/crates/{NAME}/{SECOND}"


def populate(github: FakeGitHub) -> None:
    """The organisation and the repository that the jobs run in."""
    github.add_user(PERSON, PERSON_ID, email=f"{PERSON}@{OWNER}.example")
    github.add_user(OWNER, OWNER_ID, kind="Organization")
    github.add_repository(OWNER, NAME, REPOSITORY_ID)


def example_workflow(registry: RegistryServer) -> str:
    """The workflow file as the registry's own pages propose it."""
    return provider_for("github").example_workflow(
        NAME,
        {"workflow_filename": WORKFLOW, "environment": ENVIRONMENT},
        registry_url=registry.url,
        audience=registry.audience,
    )


def job_claims(
    checkout: Checkout, version: str, *, run: int, workflow: str = WORKFLOW
) -> dict[str, object]:
    """What GitHub states about the job that the tag started."""
    ref = f"refs/tags/v{version}"
    workflow_ref = f"{REPOSITORY}/.github/workflows/{workflow}@{ref}"
    return {
        "ref": ref,
        "sha": checkout.commit,
        "workflow_ref": workflow_ref,
        "workflow_sha": checkout.commit,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": checkout.commit,
        "run_id": str(17533210000 + run),
        "run_number": str(run),
        "check_run_id": str(49788112200 + run),
    }
