"""The queues of moderators, for the admin's first page."""

from django import template
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from accounts.models import User
from accounts.powers import Power
from accounts.queries.queues import waiting

register = template.Library()


@register.simple_tag
def moderation_queues(user: User | AnonymousUser) -> list[dict[str, object]]:
    """Nothing for those who could not open them."""
    if not Power.MODERATE.is_held_by(user):
        return []
    return [
        {
            "title": queue.title,
            "count": queue.count,
            "address": reverse(f"admin:{queue.list}_changelist")
            + (f"?{queue.query}" if queue.query else ""),
        }
        for queue in waiting()
    ]
