"""What the fake GitHub shows where the registry's pages link to: a line on what would be there."""

from html import escape
from urllib.parse import unquote

from demo.github_world import GitHubWorld

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{what} - {repository}</title>
<h1>{repository}</h1>
<p>This is a stand-in for GitHub on your own machine.
The real one would show here: {what}.</p>
</html>
"""


def page_at(world: GitHubWorld, path: str) -> str | None:
    """The page at `path`; None where no public repository begins with it."""
    owner, name, *rest = [*unquote(path).strip("/").split("/"), ""][:64]
    repository = world.repository(f"{owner}/{name}")
    if repository is None or repository.private:
        return None
    what = _description([part for part in rest if part])
    return _PAGE.format(repository=escape(repository.full_name), what=escape(what))


def _description(parts: list[str]) -> str:
    match parts:
        case ["commit", sha]:
            return f"commit {sha}"
        case ["tree", sha]:
            return f"all files as of commit {sha}"
        case ["blob", sha, *file]:
            return f"the file {'/'.join(file)} as of commit {sha}"
        case ["actions", "runs", run, "attempts", attempt]:
            return f"run {run} of a workflow, attempt {attempt}"
        case ["actions", "runs", run]:
            return f"run {run} of a workflow"
    return "the repository"
