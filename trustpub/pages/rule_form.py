"""The part of a publisher's form that says what a job must have beside its workflow file (e.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trustpub.models import Issuer
from trustpub.restrictions import RuleOptions

PREFIX = "rule_"
EVENT = "rule_event_"
# Says that the form had these fields, so that an empty box is an answer.
MARK = "rules"

_CHOICES: Mapping[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "environment": (
        "Without an environment above",
        "Choose “must run without” to keep jobs of every environment out.",
        (("any", "any environment will do"), ("none", "must run without one")),
    ),
    "refs": (
        "Which refs",
        "Who may push a branch can change its workflow; tags are in fewer hands.",
        (
            ("tags", "tags only"),
            ("protected", "protected refs only"),
            ("branches", "the branches named below"),
            ("any", "any ref"),
        ),
    ),
    "runner": (
        "Which runners",
        "A machine of your own may keep files, and thieves, from one job to the next.",
        (("hosted", "the CI system's own only"), ("any", "any runner")),
    ),
    "actor": (
        "Who starts the job",
        "With “owners”, a person who may only write to the repository starts no publish.",
        (("any", "whoever may start it"), ("owner", "owners of the crate only")),
    ),
}
_TEXTS: Mapping[str, tuple[str, str]] = {
    "tag_pattern": (
        "Tag pattern",
        "With v{version}, the tag v1.2.3 publishes 1.2.3 alone; {crate} is the crate's name.",
    ),
    "branches": ("Branches", "Full names with blanks between them, such as main release/1.x."),
    "called_workflow": (
        "Called workflow",
        "Another repository's: owner/name/.github/workflows/file.yml, or “any”. Empty: only yours.",
    ),
    "called_ref": (
        "Its ref or commit",
        "A commit of 40 digits is safest: whoever owns that repository writes the steps.",
    ),
    "enterprise": ("Enterprise", "Its slug, if jobs of this enterprise's own issuer alone may."),
}
_EVENT_HELP = {
    "push": "A branch or tag was pushed.",
    "release": "A release was published.",
    "workflow_dispatch": "Somebody who may write pressed the button, on any ref.",
    "create": "A branch or tag was made.",
    "deployment": "A deployment was asked for.",
    "schedule": "The clock, on the default branch.",
    "web": "Somebody who may write started it on the website.",
    "webhook": "The repository told of a push, a tag or a pull request.",
    "hook": "The repository told of a push or a tag.",
    "ui": "Somebody who may write started it on the website.",
    "task": "A task of the project, by the clock or by hand.",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a list, or one box to tick."""

    name: str
    label: str
    help: str
    is_chosen: bool
    is_risky: bool = False


@dataclass(frozen=True, slots=True)
class RuleField:
    """One rule as the page shows it; it has options or a text."""

    name: str
    label: str
    help: str
    value: str = ""
    options: tuple[Option, ...] = ()
    error: str = ""


def safe_rules(issuer: Issuer) -> dict[str, object]:
    """What the empty form suggests: safer than what an API request that says nothing gets."""
    provider = issuer.adapter
    suggested: dict[str, object] = {}
    if "refs" in provider.restrictions:
        suggested["refs"] = "protected" if provider.kind == "gitlab" else "tags"
    if provider.hosted_runner and not issuer.internal_network:
        suggested["runner"] = "hosted"
    return suggested


def rules_of(sent: Mapping[str, str], options: RuleOptions) -> dict[str, object] | None:
    """The rules of a submitted form; None if it had none."""
    if MARK not in sent:
        return None
    rules: dict[str, object] = {
        name: sent[PREFIX + name].replace("\0", "").strip()
        for name in (*_CHOICES, *_TEXTS)
        if PREFIX + name in sent
    }
    if rules.get("refs") != "tags" and "refs" in options.names:
        rules.pop("tag_pattern", None)
    if rules.get("refs") != "branches":
        rules.pop("branches", None)
    events = [name for name in _events(options) if EVENT + name in sent]
    # No box at all means the usual ones, which is what an empty list stands for.
    return {**rules, "events": events}


def choices(
    rules: Mapping[str, object], options: RuleOptions, error: tuple[str, str]
) -> list[RuleField]:
    """The lists to choose from; `error` is a rule's name and the complaint about it."""
    return [
        RuleField(
            name,
            label,
            help_text,
            options=tuple(
                Option(value, text, "", rules.get(name, "any") == value) for value, text in values
            ),
            error=error[1] if error[0] == name else "",
        )
        for name, (label, help_text, values) in _CHOICES.items()
        if name in options.names
    ]


def texts(
    rules: Mapping[str, object], options: RuleOptions, error: tuple[str, str]
) -> list[RuleField]:
    """The rules that are typed."""
    return [
        RuleField(
            name,
            label,
            help_text,
            value=_as_text(rules.get(name)),
            error=error[1] if error[0] == name else "",
        )
        for name, (label, help_text) in _TEXTS.items()
        if name in options.names
    ]


def events(rules: Mapping[str, object], options: RuleOptions) -> list[Option]:
    """A box for each event that may start a publish, the risky ones last."""
    if "events" not in options.names:
        return []
    wanted = rules.get("events") or sorted(options.default_events)
    chosen = set(wanted) if isinstance(wanted, Iterable) else set()
    return [
        Option(
            name,
            name,
            options.risky_events.get(name) or _EVENT_HELP.get(name, ""),
            name in chosen,
            name in options.risky_events,
        )
        for name in _events(options)
    ]


def _events(options: RuleOptions) -> list[str]:
    return [*sorted(options.default_events), *sorted(options.risky_events)]


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value or "")
