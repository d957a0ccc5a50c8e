"""What the CI files that we propose have in common."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

# Where a script of ours expects the job's ID token.
ID_TOKEN = "REGISTRY_ID_TOKEN"
# In the place of a crate's name: all that the repository publishes.
WORKSPACE = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """The names of tags, or else of branches, whose push starts the job; `*` stands for anything.

    So that the file that we propose runs where its publisher lets it publish.
    """

    tags: tuple[str, ...] = ("v*",)
    branches: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """All of them as a list in JSON, which YAML takes."""
        return json.dumps(self.branches or self.tags, ensure_ascii=False)

    @property
    def kind(self) -> str:
        return "branches" if self.branches else "tags"

    @property
    def is_usual(self) -> bool:
        return self == ANY_VERSION

    def regex(self) -> str:
        """Between slashes, for CI systems that match by expressions."""
        parts = [re.escape(name).replace(r"\*", ".*") for name in self.branches or self.tags]
        inner = "|".join(part.replace("/", r"\/") for part in parts)
        return f"/^({inner})$/"


ANY_VERSION = Trigger()


def trigger_of(crate: str, refs: str | None, rules: Mapping[str, object]) -> Trigger:
    """What a publisher's refs, a field or a rule, let publish; v1.2.3 and such where any may."""
    if pattern := str(rules.get("tag_pattern") or ""):
        return Trigger((pattern.replace("{crate}", crate).replace("{version}", "*"),))
    branches = rules.get("branches")
    if isinstance(branches, list | tuple) and branches:
        return Trigger((), tuple(map(str, branches)))
    kind, _, name = (refs or "").removeprefix("refs/").partition("/")
    if kind == "heads":
        return Trigger((), (name,))
    return Trigger((name,)) if kind == "tags" and name else ANY_VERSION


@dataclass(frozen=True, slots=True)
class Target:
    """The crate that a CI file publishes, or WORKSPACE, and the registry that it goes to."""

    crate: str
    registry_url: str
    audience: str
    registry_name: str

    @property
    def prefix(self) -> str:
        """What cargo's variables for this registry start with."""
        return f"CARGO_REGISTRIES_{self.registry_name.upper().replace('-', '_')}"

    @property
    def index(self) -> str:
        return f"sparse+{self.registry_url.rstrip('/')}/index/"

    @property
    def tokens_url(self) -> str:
        return f"{self.registry_url.rstrip('/')}/api/v1/trusted_publishing/tokens"

    @property
    def command(self) -> str:
        """Of a workspace several lines: it asks first, so that no release ends half done."""
        publish = f"cargo publish --registry {self.registry_name}"
        if self.crate != WORKSPACE:
            return f"{publish} --package {self.crate}"
        preflight = f"{self.registry_url.rstrip('/')}/api/v1/trusted_publishing/preflight"
        asked = _PREFLIGHT.format(prefix=self.prefix, preflight=preflight)
        return f"{asked}{publish} --workspace"

    def script(self, margin: int) -> str:
        """Exchanges the exported ID token, publishes, and revokes the token whatever happens.

        The token goes through pipes and variables only, so that no list of processes shows it.
        """
        lines = _SCRIPT.format(
            id_token=ID_TOKEN,
            tokens=self.tokens_url,
            prefix=self.prefix,
            index=self.index,
            command=self.command,
        )
        return indent(lines, " " * margin).rstrip("\n")


# Without a backslash: some of the files that these go into would read it for themselves.
_PREFLIGHT = """\
uploads="$(cargo metadata --no-deps --format-version 1 |
  jq --compact-output '[.packages[] | select(.publish != []) | {{name, vers: .version}}]')"
preflight={preflight}
json='Content-Type: application/json'
printf 'header = "Authorization: Bearer %s"' "${prefix}_TOKEN" |
  curl --fail-with-body -sS --config - -H "$json" --data-binary "$uploads" "$preflight" |
  tee /dev/stderr |
  jq --exit-status 'all(.crates[]; .status == "ok" or .status == "pending_ok")' >/dev/null
"""
_SCRIPT = """\
tokens={tokens}
export {prefix}_INDEX={index}
answer=$(jq --null-input '{{jwt: env.{id_token}}}' |
  curl --fail-with-body -sS -H 'Content-Type: application/json' --data-binary @- "$tokens") ||
  {{ printf '%s' "$answer" >&2; exit 1; }}
export {prefix}_TOKEN="$(printf %s "$answer" | jq --raw-output .token)"
revoke() {{
  printf 'header = "Authorization: Bearer %s"' "${prefix}_TOKEN" |
    curl -sS --request DELETE --config - "$tokens"
}}
trap revoke EXIT
{command}
"""
