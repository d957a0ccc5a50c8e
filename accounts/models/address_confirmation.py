"""A letter that asks whether an address is somebody's own."""

from allauth.account.models import EmailAddress
from django.db import models
from django.utils import timezone


class AddressConfirmation(models.Model):
    """The token is in the letter alone; it lives as long as the address (crates-io-api 1.7)."""

    address = models.ForeignKey(EmailAddress, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return str(self.address)
