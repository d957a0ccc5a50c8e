"""What the admin lets nobody do."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from accounts.admin.base import ReadOnlyAdmin
from accounts.operations.people import create_user, make_administrator
from registry.actors import System


@pytest.mark.django_db
def test_rows_are_changed_by_deeds_alone_which_leave_events() -> None:
    ada = create_user(actor=System("tests"), login="ada")
    make_administrator(actor=System("tests"), user=ada, password="long enough")
    request = RequestFactory().get("/admin/")
    ada.refresh_from_db()
    request.user = ada

    open_to_change = [
        model._meta.label
        for model, rows in admin.site._registry.items()
        if not isinstance(rows, ReadOnlyAdmin)
        or rows.has_add_permission(request)
        or rows.has_change_permission(request)
        or rows.has_delete_permission(request)
    ]

    assert open_to_change == []
