"""The files for Prometheus and Grafana ask for figures that /metrics really has."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from demo.issuer import LocalIssuer
from tests.ci import exchange, id_token
from tests.server import ROOT
from tests.wire import send
from trustpub.codes import ExchangeCode
from trustpub.models import PublisherCrate
from trustpub.tasks import fold_notes

ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
DASHBOARD = json.loads((ROOT / "deploy/grafana/waybill.json").read_text())
# What a query says beside names of figures and labels.
# Of a histogram the buckets tell the rest, and how often keys are fetched is a figure of its own.
UNSEEN = re.compile(r"_seconds_(sum|count)$|key_fetch_seconds")
SELECTOR = re.compile(r"(waybill_\w+)(?:\{([^}]*)\})?")


def alerts() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    targets = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    return [rule["expr"] for rule in alerts()] + [target["expr"] for target in targets]


def test_every_figure_and_label_that_they_name_is_there(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    exchange(id_token(ci, brand_new="claim"))
    fold_notes()
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(send("GET", "/metrics").content.decode()):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        for suffix in suffixes.get(family.type, [""]):
            labels[family.name + suffix] = {name for s in family.samples for name in s.labels}

    named = [found for query in queries() for found in SELECTOR.finditer(query)]

    assert len(named) > 30
    assert {found[1] for found in named} - labels.keys() == set()
    for query in queries():
        # Prometheus adds these two to everything that it reads.
        known = {"job", "instance"}.union(*(labels[found[1]] for found in SELECTOR.finditer(query)))
        grouped = re.findall(r"\bby \(([^)]*)\)", query)
        matched = re.findall(r"(\w+)(?:=~|!=|=)\"", query)
        used = {name.strip() for group in grouped for name in group.split(",")} | set(matched)
        assert used <= known, query
    # Whatever has no figure on the dashboard is looked at by nobody.
    unseen = labels.keys() - {found[1] for found in named}
    assert [name for name in sorted(unseen) if not UNSEEN.search(name)] == []


def test_outcomes_that_wake_somebody_exist() -> None:
    waking = {
        outcome
        for rule in alerts()
        for group in re.findall(r'outcome=~?"([^"]+)"', rule["expr"])
        for outcome in group.split("|")
    }

    assert waking <= {"granted", *(code.value for code in ExchangeCode)}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "do"}
    for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
        assert label == "instance" or f"by ({label})" in rule["expr"]


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)
