"""A refused exchange of a token whose signature was good; kept 30 days for the owners (g.2)."""

from django.db import models
from django.utils import timezone

from trustpub.models.issuer import Issuer
from trustpub.workload import Workload


class ExchangeRefusal(models.Model):
    """Free of personal data; owners see it only where the workload's ids match their publisher."""

    at = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    request_id = models.CharField(max_length=36)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE, related_name="refusals")
    code = models.CharField(max_length=40)
    detail = models.TextField()
    # Equal ones in a row are one.
    count = models.PositiveIntegerField(default=1)
    repository_id = models.CharField(max_length=64, blank=True)
    # What the verified token said.
    workload = models.JSONField(default=dict)
    # Per near-missing publisher: field, expected, received.
    differences = models.JSONField(default=list)
    replay_key = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = [models.Index(fields=["issuer", "repository_id"], name="refusal_by_repository")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.code}"

    def typed_workload(self) -> Workload:
        return Workload.from_dict(self.workload)
