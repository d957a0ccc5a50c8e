"""Tag patterns: the tag v1.2.3 publishes 1.2.3 and nothing else (e.1)."""

from collections.abc import Iterable

from trustpub.echo import printable
from trustpub.errors import VersionNotTagged
from trustpub.models import TrustRule
from trustpub.restrictions import version_tag
from trustpub.workload import Workload


def check_tag(workload: Workload, rules: Iterable[TrustRule], crate: str, version: str) -> None:
    """Raises VersionNotTagged where each rule that grants the upload expects another tag."""
    expected = [version_tag(rule.rules, crate, version) for rule in rules]
    if not expected or None in expected or workload.ref in expected:
        return
    wanted = " or ".join(sorted({text for text in expected if text}))
    raise VersionNotTagged(crate, version, printable(wanted), printable(workload.ref or "no ref"))
