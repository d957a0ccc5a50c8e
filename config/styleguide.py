"""/styleguide: every part of the pages in every state, for those who work on them (DEBUG only)."""

from datetime import timedelta
from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from registry.pages.paging import Paging
from registry.pictures.bars import Series, stacked_bars
from registry.pictures.graph import Node, graph
from registry.pictures.lines import spark

ICONS = (
    "search check cross dash unknown warning repository commit run crate sum key person team "
    "shield import lock copy"
).split()
COLOURS = (
    "paper sheet tint ink ink-soft rule rule-strong accent accent-wash good good-wash warn "
    "warn-wash bad bad-wash series-1 series-2 series-3 series-4 series-5 series-rest "
    "kind-trusted kind-token kind-import"
).split()
MONTHS = "Jan Feb Mar Apr May Jun".split()


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "icons": ICONS,
        "colours": COLOURS,
        "times": [now, now - timedelta(hours=3), now + timedelta(days=5)],
        "bars": stacked_bars(
            MONTHS,
            [
                Series("Trusted publishing", "kind-trusted", [2, 4, 3, 6, 5, 7]),
                Series("API token", "kind-token", [3, 2, 2, 1, 1, 0]),
            ],
        ),
        "graph": graph(
            [Node("tide", "1.2.0", 0, "graph__node--root"), Node("wave", "0.4.1", 1)],
            {"tide": ["wave"]},
        ),
        "spark": spark([3, 5, 4, 8, 6, 9, 12, 10]),
        "checksum": "5f2c8e0d9b7a41c36e8d0f1a2b3c4d5e6f708192" + "0123456789abcdef01234567",
        "kinds": ["trusted_publishing", "api_token", "import"],
        "paging": Paging(number=2, count=9, previous="?page=1", next="?page=3"),
        "crate": SimpleNamespace(name="tide", default_version="1.2.0"),
        "version": SimpleNamespace(num="1.2.0", num_without_build="1.2.0"),
    }
    return render(request, "styleguide.html", context)
