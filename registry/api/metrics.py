"""/metrics in the Prometheus text format; counted in the database, so every process agrees."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from registry.models import Crate, IndexChange, Provenance, PublishKind, Version


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


def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    # Apps to the right of this one have figures of their own.
    for path in settings.METRICS_COLLECTORS:
        registry.register(import_string(path)())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
