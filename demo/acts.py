"""The acts of the demo, in order: each does one thing to the registry and tells of it."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from demo.checkout import NAME, OWNER, REPOSITORY, WORKFLOW
from demo.ci_job import PublishToken, exchange, request_id_token, revoke
from demo.errors import DemoFailed
from demo.stage import (
    ENVIRONMENT,
    FIRST,
    PERSON,
    PERSON_ID,
    REPOSITORY_ID,
    SECOND,
    Stage,
    job_claims,
    version_address,
)
from demo.story import Story
from demo.upload import pack, upload
from demo.web import RegistryRefused, ask


@dataclass(frozen=True, slots=True)
class Job:
    """A CI job that has ended, with the two tokens that it had."""

    run_id: str
    id_token: str
    publish_token: PublishToken


def register(stage: Stage) -> None:
    """A person, a trusted issuer and a pending publisher."""
    story, issuer = stage.story, stage.issuer
    story.step(
        "Say whom to trust",
        f"{PERSON.title()} gets an account. The registry learns to trust the stand-in's "
        "signatures. And a pending publisher is registered: a promise that one workflow of one "
        "repository may publish a crate that does not exist yet, which will then be "
        f"{PERSON.title()}'s.",
    )
    _manage(stage, ["create_user", PERSON, "--github-id", str(PERSON_ID)])
    _manage(
        stage,
        ["trust_issuer", "github", issuer.url],
        ["--name", "GitHub Actions (stand-in)", "--web-url", stage.github.url],
    )
    _manage(
        stage,
        ["add_publisher", NAME, "github"],
        [f"repository_owner={OWNER}", f"repository_name={NAME}"],
        [f"workflow_filename={WORKFLOW}", f"environment={ENVIRONMENT}"],
        ["--issuer", issuer.url, "--pending-owner", PERSON],
    )
    if not stage.github.requests[f"GET /repos/{REPOSITORY}"]:
        raise DemoFailed("the registry did not ask the stand-in for the repository's number")
    story.fact(
        f"The registry asked GitHub's API for the number of {REPOSITORY} and noted it: "
        f"{REPOSITORY_ID}. "
        "A stranger who takes over the name one day has another number, and is refused."
    )


def publish_first(stage: Stage) -> Job:
    """The version that makes the crate."""
    stage.story.step(
        f"A CI job publishes {NAME} {FIRST}, the first version of a new crate",
        f"The tag v{FIRST} is pushed to {REPOSITORY}, and {WORKFLOW} runs. The job was given no "
        "password and no API token: it can only prove what it is.",
    )
    stage.story.fact(f"The job publishes with {stage.client.name}.")
    return _run_job(stage, FIRST, run=1)


def publish_second(stage: Stage) -> Job:
    """A version of the crate that exists, through the publisher that the pending one became."""
    stage.story.step(
        f"The next release, {SECOND}",
        "With the first version the pending publisher became a trusted publisher of the crate. "
        "The same workflow goes on to publish, and nobody had to set anything up.",
    )
    job = _run_job(stage, SECOND, run=2)
    if NAME not in job.publish_token.crates:
        raise DemoFailed("the pending publisher did not become a publisher of the crate")
    return job


def attack(stage: Stage, first: Job, second: Job) -> None:
    """Three attempts that the registry must refuse."""
    story, url = stage.story, stage.registry.url
    story.step(
        "Three attempts that must fail",
        "Somebody got hold of what the jobs had, or may write another workflow.",
    )
    story.fact("The first job's ID token is sent a second time.")
    _expect_refusal(story, HTTPStatus.CONFLICT, lambda: exchange(url, first.id_token))
    story.fact("Another workflow file of the same repository, nightly.yml, asks for a token.")
    stage.issuer.job_claims = job_claims(stage.checkout, SECOND, run=3, workflow="nightly.yml")
    stranger = request_id_token(stage.issuer.runner_environment(), stage.registry.audience)
    story.keep_secret(stranger)
    _expect_refusal(story, HTTPStatus.FORBIDDEN, lambda: exchange(url, stranger))
    story.fact("The second job's publish token is used to upload after it was given back.")
    package = pack(stage.checkout.folder, stage.checkout.recorded_commit)
    stolen = second.publish_token.text
    _expect_refusal(story, HTTPStatus.FORBIDDEN, lambda: upload(url, stolen, package))


def look(stage: Stage, job: Job) -> None:
    """Reads the version's page and its JSON as a visitor would."""
    address = version_address(stage)
    stage.story.step(
        "See where the crate came from",
        "Each version has a page that shows its provenance: which repository, workflow, commit "
        "and run it was published by, as the CI system signed it.",
    )
    page = ask("GET", address)
    expected = {
        "repository": REPOSITORY,
        "workflow": WORKFLOW,
        "commit": stage.checkout.commit,
        "run": job.run_id,
    }
    missing = [what for what, text in expected.items() if text not in page.text]
    if page.status != HTTPStatus.OK or missing:
        raise DemoFailed(
            f"{address} answers with status {page.status}"
            + (f" and does not name the {' and the '.join(missing)}" if missing else "")
        )
    _check_json(stage, job)
    named = ", ".join(f"{what} {text}" for what, text in expected.items())
    stage.story.fact(f"The page of {NAME} {SECOND} names {named}.")
    stage.story.fact("Programs read the same from the version's JSON, under `trustpub_data`.")


def _run_job(stage: Stage, version: str, *, run: int) -> Job:
    """The tag, and everything that the workflow does after it."""
    story, url = stage.story, stage.registry.url
    stage.checkout.release(version)
    claims = job_claims(stage.checkout, version, run=run)
    stage.issuer.job_claims = claims
    id_token = request_id_token(stage.issuer.runner_environment(), stage.registry.audience)
    story.fact(
        f"The job asks GitHub for an ID token: {story.keep_secret(id_token)} "
        f"It says: {REPOSITORY}, {WORKFLOW}, tag v{version}, commit {stage.checkout.commit[:10]}, "
        f"and is meant for {stage.registry.audience} only."
    )
    token = exchange(url, id_token)
    covered = ", ".join([*(f"the new crate {name}" for name in token.new_crates), *token.crates])
    story.fact(
        "The registry checks signature and publisher and gives a publish token for it: "
        f"{story.keep_secret(token.text)} It is good for {covered} alone, and for "
        f"{token.minutes_left} minutes."
    )
    story.output(stage.client.publish(stage.checkout, url, token.text))
    revoke(url, token)
    story.fact("Published. The job gives its publish token back, which ends it.")
    return Job(str(claims["run_id"]), id_token, token)


def _expect_refusal(story: Story, status: HTTPStatus, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except RegistryRefused as refused:
        if refused.status != status:
            raise DemoFailed(f"expected a refusal with status {status:d}, but {refused}") from None
        story.quote(f"Refused ({refused.status}): ", refused.words)
    else:
        raise DemoFailed("the registry accepted what it must refuse")


def _check_json(stage: Stage, job: Job) -> None:
    answer = ask("GET", f"{stage.registry.url}/api/v1/crates/{NAME}/{SECOND}")
    version = answer.json().get("version") or {}
    expected: Mapping[str, str] = {
        "provider": "github",
        "repository": REPOSITORY,
        "run_id": job.run_id,
        "sha": stage.checkout.commit,
    }
    if version.get("trustpub_data") != expected or version.get("published_by") is not None:
        raise DemoFailed("the version's JSON does not say that the CI job published it")


def _manage(stage: Stage, *lines: list[str]) -> None:
    """Runs a management command; `lines` is how it is broken for readers."""
    output = stage.registry.manage(*(word for line in lines for word in line))
    shown = " \\\n       ".join(shlex.join(line) for line in lines)
    stage.story.command(f"python manage.py {shown}", output)
