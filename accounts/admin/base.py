"""Rows that are looked at, and changed by deeds alone."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.powers import Power

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    # Generic for the type checker alone.
    AnyModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(AnyModelAdmin):
    """Rows are shown as they are; operations change them."""

    # Whether moderators see these rows; the others are for administrators.
    for_moderators = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open_to_moderator(request) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_open_to_moderator(request) or super().has_module_permission(request)

    def _is_open_to_moderator(self, request: HttpRequest) -> bool:
        return self.for_moderators and Power.MODERATE.is_held_by(request.user)
