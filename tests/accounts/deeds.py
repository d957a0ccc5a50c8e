"""How a test does what a moderator does in the admin: form, preview, confirmation."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.admin.deeds import Outcome


def address(model: type[Model], deed: str) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_deed", args=[deed])


def preview(
    client: Client, model: type[Model], deed: str, rows: Sequence[Model] = (), **fields: Any
) -> Any:
    """The answer to the first POST."""
    keys = [str(row.pk) for row in rows]
    return client.post(address(model, deed), {"row": keys, "reason": "spam", **fields})


def confirm(
    client: Client, model: type[Model], deed: str, plan: Sequence[Outcome], **fields: Any
) -> Any:
    rows = [row.field for row in plan]
    form = {"row": rows, "reason": "spam", "confirm": "yes", **fields}
    return client.post(address(model, deed), form)


def do(
    client: Client, model: type[Model], deed: str, rows: Sequence[Model] = (), **fields: Any
) -> list[Outcome]:
    """The whole way; answers the report."""
    shown: HttpResponse = preview(client, model, deed, rows, **fields)
    assert shown.status_code == 200, shown.content[:500]
    plan = shown.context["plan"]  # type: ignore[attr-defined]
    done = confirm(client, model, deed, plan, **fields)
    report: list[Outcome] = done.context["report"]
    return report
