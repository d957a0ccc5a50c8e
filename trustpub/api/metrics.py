"""The part of /metrics that is about trusted publishing (reference, g.5)."""

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from trustpub.models.switch import switch_names
from trustpub.notes import EXCHANGE, KEY_FETCH
from trustpub.operations.figures import BUCKETS, ENDLESS
from trustpub.queries.figures import Figures, figures

PREFIX = "waybill_trustpub"


class TrustpubCollector(Collector):
    """Counted by kind of CI system and outcome; no crate and no repository is named."""

    def collect(self) -> Iterator[Metric]:
        found = figures()
        yield _outcomes(found, EXCHANGE, "Exchanges of ID tokens by how they ended")
        yield _times(found, EXCHANGE, "How long exchanges took")
        yield _outcomes(found, KEY_FETCH, "Requests for the keys of an issuer")
        yield _times(found, KEY_FETCH, "How long issuers took to give their keys")
        events = CounterMetricFamily(f"{PREFIX}_events", "From the audit log", labels=["event"])
        for name, count in found.events.items():
            events.add_metric([name], count)
        yield events
        yield from _gauges(found)


def _outcomes(found: Figures, what: str, text: str) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{_plural(what)}", text, labels=["provider", "outcome"])
    for row in found.outcomes:
        if row.what == what:
            family.add_metric([row.provider, row.outcome], row.count)
    return family


def _plural(what: str) -> str:
    return f"{what}es" if what.endswith("ch") else f"{what}s"


def _times(found: Figures, what: str, text: str) -> Metric:
    rows = {row.outcome: row for row in found.outcomes if row.what == f"{what}_seconds"}
    buckets, so_far = [], 0
    for bound in [*map(str, BUCKETS), ENDLESS]:
        so_far += rows[bound].count if bound in rows else 0
        buckets.append((bound, so_far))
    seconds = sum(row.seconds for row in rows.values())
    family = HistogramMetricFamily(f"{PREFIX}_{what}_seconds", text)
    family.add_metric([], buckets=buckets, sum_value=seconds)
    return family


def _gauges(found: Figures) -> Iterator[Metric]:
    publishers = GaugeMetricFamily(
        f"{PREFIX}_publishers", "Publishers by state", labels=["provider", "state"]
    )
    for (provider, state), count in sorted(found.publishers.items()):
        publishers.add_metric([provider, state], count)
    yield publishers
    for name, text, value in (
        (
            "publishers_without_environment",
            "Active ones for any environment",
            found.without_environment,
        ),
        ("publishers_unpinned", "Active ones whose ids are not known yet", found.unpinned),
        ("pending_publishers", "Pending publishers that have not expired", found.pending),
        ("only_crates", "Crates that take new versions from CI alone", found.only_crates),
    ):
        yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value)
    tokens = GaugeMetricFamily(
        f"{PREFIX}_publish_tokens", "Publish tokens that are kept, by state", labels=["state"]
    )
    for state, count in found.tokens.items():
        tokens.add_metric([state], count)
    yield tokens
    unknown = GaugeMetricFamily(
        f"{PREFIX}_unknown_claims",
        "Claims of ID tokens in 30 days that nobody here knows",
        labels=["provider"],
    )
    for provider, count in sorted(found.unknown_claims.items()):
        unknown.add_metric([provider], count)
    yield unknown
    ages = GaugeMetricFamily(
        f"{PREFIX}_key_set_age_seconds", "Since the keys were last loaded", labels=["issuer"]
    )
    for url, age in found.key_set_ages.items():
        ages.add_metric([url], age)
    yield ages
    switches = GaugeMetricFamily(f"{PREFIX}_switched_off", "1 while it is off", labels=["switch"])
    for name, _ in switch_names():
        switches.add_metric([name], int(name in found.switched_off))
    yield switches
