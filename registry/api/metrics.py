"""/metrics in the Prometheus text format; counted in the database, so every process agrees."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from registry.models import Crate, IndexChange, JobRun, Provenance, PublishKind, Version
from registry.queries.timetable import clock_is_late, timetable, worker_is_late


class RegistryCollector(Collector):
    """What the registry holds and what it still has to do."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("waybill_crates", "Crates", Crate.objects.count())
        yield GaugeMetricFamily("waybill_versions", "Versions", Version.objects.count())
        yield GaugeMetricFamily(
            "waybill_index_changes_pending",
            "Changes that the index files do not show yet",
            IndexChange.objects.count(),
        )
        kinds = GaugeMetricFamily(
            "waybill_versions_by_publish_kind", "Versions by how they came", labels=["kind"]
        )
        counts = dict(Provenance.objects.values_list("kind").annotate(Count("pk")))
        for kind in PublishKind.values:
            kinds.add_metric([kind], counts.get(kind, 0))
        yield kinds
        yield from _jobs()


def _jobs() -> Iterator[Metric]:
    families = [
        GaugeMetricFamily(f"waybill_job_{name}", text, labels=["task"])
        for name, text in (
            ("last_success_timestamp_seconds", "When the job last ended well"),
            ("last_duration_seconds", "How long its last run took"),
            ("late", "1 if its last run is longer ago than two periods and five minutes"),
        )
    ]
    failures = CounterMetricFamily("waybill_job_failures", "Runs that failed", labels=["task"])
    entries = timetable()
    now = timezone.now()
    for entry in entries:
        run = entry.run or JobRun()
        succeeded = run.succeeded_at.timestamp() if run.succeeded_at else 0
        figures = (succeeded, (run.duration_ms or 0) / 1000, entry.is_late(now))
        for family, figure in zip(families, figures, strict=True):
            family.add_metric([entry.job], figure)
        failures.add_metric([entry.job], run.failures)
    yield from [*families, failures]
    for name, late in (("clock", clock_is_late(entries)), ("worker", worker_is_late(entries))):
        yield GaugeMetricFamily(f"waybill_{name}_late", f"1 if no {name} seems to live", late)


def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    # Apps to the right of this one have figures of their own.
    for path in settings.METRICS_COLLECTORS:
        registry.register(import_string(path)())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
