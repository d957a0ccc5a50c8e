"""What the forge says about a publisher that was just saved; advice, never a condition (e.2)."""

import logging
import re
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from adapters.github import GitHub
from adapters.gitlab import GitLab
from adapters.http import OutgoingError
from registry.formats.repository_links import Agreement, compare_repositories
from trustpub.models import Publisher, PublisherCrate

logger = logging.getLogger(__name__)
NOT_ASKED = "the forge could not be asked; the first job will tell"
_FORBIDDEN = re.compile(r"\b(pull_request_target|workflow_run|issue_comment)\b")


class Verdict(StrEnum):
    """Amber: it could not be checked."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list; `remedy` is empty where there is nothing to do."""

    what: str
    verdict: Verdict
    said: str
    remedy: str = ""


def checklist(grant: PublisherCrate, forge: GitHub | GitLab | None) -> list[Check]:
    """Asks the forge up to three questions; what it does not answer is amber."""
    publisher = grant.publisher
    return [
        _ids(publisher),
        *_file(publisher, forge),
        *_environment(publisher, forge),
        _manifest(grant),
        *_twins(grant),
    ]


def _ids(publisher: Publisher) -> Check:
    what = "Owner and repository"
    if publisher.is_pinned:
        return Check(
            what, Verdict.GREEN, f"found: {publisher.repository}, and its numbers are kept"
        )
    return Check(
        what,
        Verdict.AMBER,
        "not to be seen from here, because the repository is private or the forge does not answer",
        "Run the workflow once before the publisher lapses.",
    )


def _file(publisher: Publisher, forge: GitHub | GitLab | None) -> list[Check]:
    what = "Pipeline file" if isinstance(forge, GitLab) else "Workflow file"
    try:
        text = _text_of(publisher, forge) if forge else None
    except OutgoingError as error:
        logger.info("workflow of %s could not be read: %s", publisher.repository, error)
        forge = None
    if forge is None or (text is None and not publisher.is_pinned):
        return [Check(what, Verdict.AMBER, NOT_ASKED)]
    if text is None:
        folder = "" if isinstance(forge, GitLab) else ".github/workflows/"
        return [
            Check(
                what,
                Verdict.RED,
                f"there is no {folder}{publisher.workflow} on the default branch",
                "Correct the name, or push the file: there is one to copy below.",
            )
        ]
    found = _in_pipeline(text) if isinstance(forge, GitLab) else _in_workflow(text)
    lines = [*found, _environment_in(publisher, text)]
    return [Check(what, Verdict.GREEN, "it is on the default branch"), *lines]


def _text_of(publisher: Publisher, forge: GitHub | GitLab) -> str | None:
    if isinstance(forge, GitLab):
        return forge.pipeline_file(publisher.repository, publisher.workflow)
    owner, _, name = publisher.repository.partition("/")
    return forge.workflow_file(owner, name, publisher.workflow)


# What follows is a search for words; nothing of the file is understood or run.


def _in_workflow(text: str) -> list[Check]:
    return [
        _line(
            "Permission",
            re.search(r"id-token:\s*write", text) is not None,
            "the file asks for `id-token: write`",
            "the file does not ask for `id-token: write`",
        ),
        _line(
            "This registry in the file",
            settings.PUBLIC_URL in text,
            "the file names this registry",
            f"the file does not name {settings.PUBLIC_URL}",
        ),
        _line(
            "Triggers",
            not _FORBIDDEN.search(text),
            "none of those that strangers can cause",
            "it can be started by an event that strangers can cause; such runs are refused",
        ),
    ]


def _in_pipeline(text: str) -> list[Check]:
    audience = settings.AUDIENCES[0]
    return [
        _line(
            "ID token",
            re.search(r"\bid_tokens:", text) is not None,
            "the file asks for one with `id_tokens`",
            "the file has no `id_tokens`",
        ),
        _line(
            "This registry in the file",
            audience in text,
            "the file names this registry",
            f"the file does not name the audience {audience}",
        ),
    ]


def _environment_in(publisher: Publisher, text: str) -> Check:
    environment = publisher.environment
    return _line(
        "Environment in the file",
        not environment or environment.lower() in text.lower(),
        "the file names the environment" if environment else "none is asked for",
        f"the file does not name the environment {environment}",
    )


def _line(what: str, holds: bool, good: str, bad: str) -> Check:
    return Check(what, Verdict.GREEN, good) if holds else Check(what, Verdict.RED, bad)


def _environment(publisher: Publisher, forge: GitHub | GitLab | None) -> list[Check]:
    what = "Environment"
    if publisher.environment is None:
        return []
    owner, _, name = publisher.repository.partition("/")
    try:
        # GitLab tells only members about the environments of a project.
        protected = (
            forge.is_protected(owner, name, publisher.environment)
            if isinstance(forge, GitHub)
            else None
        )
    except OutgoingError:
        protected = None
    if protected is None:
        return [Check(what, Verdict.AMBER, NOT_ASKED)]
    if protected:
        return [Check(what, Verdict.GREEN, "it has protection rules")]
    return [
        Check(
            what,
            Verdict.RED,
            "it has no protection rule, so every branch may use it",
            "Add reviewers, or name the branches and tags that may deploy to it.",
        )
    ]


def _manifest(grant: PublisherCrate) -> Check:
    what = "Repository in the manifest"
    publisher, crate = grant.publisher, grant.crate
    link = f"{publisher.issuer.web_url}/{publisher.repository}"
    if not crate.repository:
        return Check(what, Verdict.AMBER, "the crate's latest version names none")
    if compare_repositories(crate.repository, link) is Agreement.SAME:
        return Check(what, Verdict.GREEN, "it is the publisher's")
    return Check(
        what,
        Verdict.AMBER,
        "it is another than the publisher's",
        "Correct `repository` in Cargo.toml if that is not intended.",
    )


def _twins(grant: PublisherCrate) -> list[Check]:
    others = grant.publisher.grants.exclude(pk=grant.pk).count()
    if not others:
        return []
    what = f"it also publishes {others} other crate{'s' if others > 1 else ''}"
    return [Check("Shared", Verdict.AMBER, what)]
