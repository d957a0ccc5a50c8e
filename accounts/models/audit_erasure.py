"""Leave to take one person's name out of the audit log."""

from django.db import models


class AuditErasure(models.Model):
    """The triggers that keep audit events look for such a row and let `login` become `name`.

    It is removed again in the transaction that wrote it, so no other transaction ever has leave.
    """

    login = models.CharField(max_length=255)
    name = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.name
