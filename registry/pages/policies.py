"""What the registry keeps to, in the words of its pages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.operations.delete import DOWNLOADS_PER_MONTH, FREE_PERIOD, NAME_HELD


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    context = {
        "free_hours": FREE_PERIOD.total_seconds() // 3600,
        "held_hours": NAME_HELD.total_seconds() // 3600,
        "downloads_per_month": DOWNLOADS_PER_MONTH,
        "security_contact": settings.SECURITY_CONTACT,
    }
    return render(request, "registry/policies.html", context)
