"""What a publisher asks of a job beyond repository, workflow file and environment (e.1).

The restrictions are the same for every provider; a provider says which of them its claims can
prove. Each becomes one or two typed conditions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from trustpub.conditions import MAX_VALUE_LENGTH, Condition, ConditionKind, InvalidCondition

# Everything that may stand in a publisher's `rules`.
NAMES = (
    "environment",
    "refs",
    "tag_pattern",
    "branches",
    "events",
    "runner",
    "actor",
    "called_workflow",
    "called_ref",
    "enterprise",
)
VERSION = "{version}"
ANY_CALLED = "any"
MAX_BRANCHES = 20

_REF_PART = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CALLED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9_.-]+/\.github/workflows/[^/]+\.ya?ml")
_SLUG = re.compile(r"[A-Za-z0-9-]{1,64}")

Rules = Mapping[str, object]


class InvalidRule(ValueError):
    """A restriction that can't be stored; the message names the remedy."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """What one provider's claims can prove, and the values that its jobs send."""

    names: frozenset[str] = frozenset()
    default_events: frozenset[str] = frozenset()
    risky_events: Mapping[str, str] = field(default_factory=dict)
    hosted_runner: str = ""

    @property
    def widest(self) -> dict[str, object]:
        """What keeps a rule as wide as it is where the safer choice would be made otherwise."""
        return {"refs": "any"} if "refs" in self.names else {}


def checked(
    given: Mapping[str, object], options: RuleOptions, environment: str | None
) -> dict[str, object]:
    """The restrictions without what is not set; raises InvalidRule.

    `environment` is the one that the publisher names, if it names one.
    """
    wanted = {name: value for name, value in given.items() if value not in (None, "", [], ())}
    for name in wanted:
        if name not in NAMES:
            raise InvalidRule(name[:40], f"there is no rule named `{name[:40]}`")
        if name not in options.names and name != "environment":
            raise InvalidRule(name, f"jobs of this CI system do not prove `{name}`")
    rules: dict[str, object] = {}
    for name, check in _CHECKS.items():
        if name in wanted and (value := check(wanted[name], options)) is not None:
            rules[name] = value
    _check_together(rules, options, environment)
    return rules


def conditions(rules: Rules, options: RuleOptions) -> tuple[Condition, ...]:
    """The restrictions as typed conditions; raises InvalidRule for what is too long."""
    try:
        return tuple(_conditions(rules, options))
    except InvalidCondition as error:
        raise InvalidRule("rules", str(error)) from None


def asks_for_owner(rules: Rules) -> bool:
    """Whether the job must have been started by an owner of the crate."""
    return rules.get("actor") == "owner"


def limits_refs(rules: Rules) -> bool:
    """Whether more than the right to push any branch is needed to publish (e.3)."""
    return rules.get("refs", "any") != "any" or "tag_pattern" in rules


def in_words(rules: Rules) -> list[tuple[str, str]]:
    """What the restrictions ask for, as label and value; the environment is shown elsewhere."""
    return [
        (
            label,
            ", ".join(_texts(value))
            if isinstance(value, list)
            else words.get(str(value), str(value)),
        )
        for name, (label, words) in _WORDS.items()
        if (value := rules.get(name)) is not None
    ]


def version_tag(rules: Rules, crate: str, version: str) -> str | None:
    """The ref that a job needs to publish this version; None where any will do."""
    pattern = rules.get("tag_pattern")
    if not isinstance(pattern, str):
        return None
    return "refs/tags/" + pattern.replace("{crate}", crate).replace(VERSION, version)


_WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "refs": ("Refs", {"protected": "protected only", "tags": "tags only"}),
    "tag_pattern": ("Tag", {}),
    "branches": ("Branches", {}),
    "events": ("Events", {}),
    "runner": ("Runners", {"hosted": "the CI system's own only"}),
    "actor": ("Started by", {"owner": "owners of the crate only"}),
    "called_workflow": ("Called workflow", {ANY_CALLED: "any, of any repository"}),
    "called_ref": ("Its ref", {}),
    "enterprise": ("Enterprise", {}),
}


def _conditions(rules: Rules, options: RuleOptions) -> list[Condition]:
    found = []
    if rules.get("environment") == "none":
        found.append(Condition("environment", ConditionKind.EXACT, ""))
    found += _ref_conditions(rules)
    if events := rules.get("events"):
        found.append(Condition("event", ConditionKind.ONE_OF, _texts(events)))
    if rules.get("runner") == "hosted":
        found.append(Condition("runner_environment", ConditionKind.EXACT, options.hosted_runner))
    if asks_for_owner(rules):
        found.append(Condition("actor", ConditionKind.EXACT, "owner"))
    if slug := rules.get("enterprise"):
        found.append(Condition("enterprise", ConditionKind.EXACT_CI, str(slug)))
    return [*found, *_called_conditions(rules)]


def _ref_conditions(rules: Rules) -> list[Condition]:
    tag = Condition("ref_type", ConditionKind.EXACT, "tag")
    if pattern := rules.get("tag_pattern"):
        return [tag, Condition("ref", ConditionKind.REF_PATTERN, f"refs/tags/{pattern}")]
    match rules.get("refs", "any"):
        case "protected":
            return [Condition("ref_protected", ConditionKind.EXACT, "true")]
        case "tags":
            return [tag]
        case "branches":
            refs = tuple(f"refs/heads/{name}" for name in _texts(rules["branches"]))
            return [Condition("ref", ConditionKind.ONE_OF, refs)]
    return []


def _called_conditions(rules: Rules) -> list[Condition]:
    called = rules.get("called_workflow")
    if called is None:
        return []
    if called == ANY_CALLED:
        return [Condition("called_workflow", ConditionKind.ANY, "")]
    found = [Condition("called_workflow", ConditionKind.REPOSITORY_PATH, str(called))]
    ref = str(rules.get("called_ref", ""))
    if _COMMIT.fullmatch(ref):
        found.append(Condition("called_workflow_sha", ConditionKind.EXACT, ref))
    elif ref:
        found.append(Condition("called_workflow_ref", ConditionKind.REF_PATTERN, ref))
    return found


def _choice(*choices: str) -> Callable[[object, RuleOptions], object]:
    """One of a few words; the first is the default and not stored."""

    def check(value: object, _: RuleOptions) -> object:
        if value not in choices:
            raise InvalidRule("", f"must be one of: {', '.join(choices)}")
        return None if value == choices[0] else value

    return check


def _environment(value: object, _: RuleOptions) -> object:
    if value not in ("any", "none"):
        raise InvalidRule("environment", "`environment` in the rules must be any or none")
    return None if value == "any" else value


def _tag_pattern(value: object, _: RuleOptions) -> object:
    pattern = value.strip() if isinstance(value, str) else ""
    example = pattern.replace("{crate}", "c").replace(VERSION, "1.0.0")
    if pattern.count(VERSION) != 1 or pattern.count("{crate}") > 1:
        raise InvalidRule(
            "tag_pattern", "the tag pattern needs {version} exactly once, for example v{version}"
        )
    if len(pattern) > 200 or not _is_ref(example) or "{" in example:
        raise InvalidRule("tag_pattern", "the tag pattern is not the name of a tag with {version}")
    if f"{{crate}}{VERSION}" in pattern or f"{VERSION}{{crate}}" in pattern:
        raise InvalidRule("tag_pattern", "put a character between {crate} and {version}")
    return pattern


def _branches(value: object, _: RuleOptions) -> object:
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    names = [name.removeprefix("refs/heads/") for name in _texts(names, "branches")]
    if len(names) > MAX_BRANCHES:
        raise InvalidRule("branches", f"name at most {MAX_BRANCHES} branches")
    for name in names:
        if not _is_ref(name):
            raise InvalidRule("branches", f"`{name[:60]}` is not the name of a branch")
    return sorted(set(names))


def _events(value: object, options: RuleOptions) -> object:
    names = sorted(set(_texts(value, "events")))
    known = options.default_events | set(options.risky_events)
    for name in names:
        if name not in known:
            raise InvalidRule(
                "events",
                f"a job that `{name[:60]}` started can never publish; choose from: "
                f"{', '.join(sorted(known))}",
            )
    return None if set(names) == options.default_events else names


def _called(value: object, _: RuleOptions) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if text == "own":
        return None
    text = text.removeprefix("https://github.com/")
    if text != ANY_CALLED and not (_CALLED.fullmatch(text) and len(text) < MAX_VALUE_LENGTH):
        raise InvalidRule(
            "called_workflow",
            "name the called workflow as owner/repository/.github/workflows/file.yml",
        )
    return text


def _called_ref(value: object, _: RuleOptions) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if text == "any":
        return None
    is_pattern = len(text) <= 255 and text.count("*") <= 1 and _is_ref(text.replace("*", ""))
    is_pattern = is_pattern and text.startswith(("refs/heads/", "refs/tags/"))
    if _COMMIT.fullmatch(text) or is_pattern:
        return text
    raise InvalidRule(
        "called_ref",
        "the ref of the called workflow must be a commit (40 hex digits), or a full ref such as "
        "refs/tags/v1 or refs/tags/v1.*",
    )


def _enterprise(value: object, _: RuleOptions) -> object:
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    raise InvalidRule("enterprise", "the enterprise must be its slug: letters, digits and hyphens")


def _named(name: str, check: Callable[[object, RuleOptions], object]) -> Callable[..., object]:
    def named(value: object, options: RuleOptions) -> object:
        try:
            return check(value, options)
        except InvalidRule as error:
            raise error if error.name else InvalidRule(name, f"`{name}` {error.message}") from None

    return named


_CHECKS: Mapping[str, Callable[..., object]] = {
    "environment": _environment,
    "refs": _named("refs", _choice("any", "protected", "tags", "branches")),
    "tag_pattern": _tag_pattern,
    "branches": _branches,
    "events": _events,
    "runner": _named("runner", _choice("any", "hosted")),
    "actor": _named("actor", _choice("any", "owner")),
    "called_workflow": _called,
    "called_ref": _called_ref,
    "enterprise": _enterprise,
}


def _check_together(rules: Rules, options: RuleOptions, environment: str | None) -> None:
    refs = rules.get("refs", "any")
    if rules.get("environment") == "none" and environment:
        raise InvalidRule(
            "environment", "a publisher names an environment or asks for none, not both"
        )
    # Where a provider's form has a field for refs, the pattern stands alone.
    if "tag_pattern" in rules and refs != "tags" and "refs" in options.names:
        raise InvalidRule("tag_pattern", "a tag pattern goes with refs: tags")
    if ("branches" in rules) != (refs == "branches"):
        raise InvalidRule("branches", "name the branches, and choose refs: branches with them")
    if "called_ref" in rules and rules.get("called_workflow") in (None, ANY_CALLED):
        raise InvalidRule("called_ref", "name the called workflow that this ref is of")


def _texts(value: object, name: str = "rules") -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
        raise InvalidRule(name, f"`{name}` must be a list of texts")
    return tuple(str(item) for item in items)


def _is_ref(text: str) -> bool:
    return (
        bool(_REF_PART.fullmatch(text))
        and ".." not in text
        and not text.startswith("/")
        and not text.endswith((".lock", "/"))
    )
