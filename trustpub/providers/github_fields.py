"""The fields of a publisher on GitHub, and what they may hold."""

import re

from trustpub.providers.base import FieldRule, id_problem, is_workflow_file

_OWNER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_MOST_OF_OWNER = 39
_MOST_OF_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_FORBIDDEN_IN_ENVIRONMENT = re.compile(r"[\x00-\x1f\x7f'\"`,;\\]")


def _owner_problem(value: str) -> str | None:
    if _OWNER.fullmatch(value) and len(value) <= _MOST_OF_OWNER:
        return None
    return (
        f"Invalid GitHub repository owner: at most {_MOST_OF_OWNER} letters, digits and single "
        "hyphens, e.g. rust-lang"
    )


def name_problem(value: str) -> str | None:
    """Also of what a claim names, whatever its length."""
    if _NAME.fullmatch(value) and value not in (".", ".."):
        return None
    return "Invalid GitHub repository name: letters, digits, hyphens, dots and underscores"


def _form_name_problem(value: str) -> str | None:
    if len(value) > _MOST_OF_NAME:
        return f"Invalid GitHub repository name: at most {_MOST_OF_NAME} characters"
    return name_problem(value)


def _workflow_problem(value: str) -> str | None:
    if "/" in value:
        return (
            "Workflow filename must be a filename only, without directories; "
            "the file is expected under .github/workflows"
        )
    if not is_workflow_file(value):
        return "Workflow filename must end with `.yml` or `.yaml`, e.g. release.yml"
    return None


def _environment_problem(value: str) -> str | None:
    if value != value.strip():
        return "Environment name may not start or end with whitespace"
    if _FORBIDDEN_IN_ENVIRONMENT.search(value):
        return "Environment name must not contain control characters or any of ' \" ` , ; \\"
    return None


FIELDS = (
    FieldRule(
        "repository_owner",
        "Repository owner",
        True,
        "The account or organisation of the repository that starts the release workflow.",
        _owner_problem,
    ),
    FieldRule(
        "repository_name",
        "Repository name",
        True,
        "The repository that starts the release workflow.",
        _form_name_problem,
    ),
    FieldRule(
        "workflow_filename",
        "Workflow filename",
        True,
        "The file under .github/workflows that is triggered, not a reusable one it calls.",
        _workflow_problem,
    ),
    FieldRule(
        "environment",
        "Environment name",
        False,
        "Strongly recommended: the place for reviewers and branch limits.",
        _environment_problem,
    ),
    FieldRule(
        "repository_id",
        "Repository ID",
        False,
        "GitHub's number of the repository; pinned on first use when left out.",
        id_problem,
        is_pin=True,
    ),
    FieldRule(
        "repository_owner_id",
        "Repository owner ID",
        False,
        "GitHub's number of the owner; pinned on first use when left out.",
        id_problem,
        is_pin=True,
    ),
)
