"""Where a version came from, as far as the registry could check it."""

from django.db import models

from registry.models.version import Version


class PublishKind(models.TextChoices):
    """How the upload was authorised."""

    TRUSTED = "trusted_publishing", "trusted publishing"
    TOKEN = "api_token", "API token"
    IMPORTED = "import", "import by an administrator"


class Attested(models.TextChoices):
    """What became of the attestations of a version; see models.attestation."""

    NOTHING = "", "no attestation"
    VERIFIED = "verified", "a verified attestation"
    FAILED = "failed", "attestations that no longer verify"


class Evidence(models.TextChoices):
    """How much is known of where a version came from, each level including the one before."""

    NONE = "none", "none"
    TRUSTED = "trusted_publishing", "trusted publishing"
    ATTESTED = "trusted_publishing_attested", "trusted publishing with a verified attestation"


class Provenance(models.Model):
    """What the CI job's verified ID token said, without personal data (trusted-publishing a.13).

    Everything but `kind` is empty where a token or an import published the version. The links are
    built from the issuer's own web address, never from a host in a claim.
    """

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="provenance")
    kind = models.CharField(max_length=20, choices=PublishKind.choices)
    # The kind of CI system and the installation that vouched for the job.
    provider = models.CharField(max_length=32, blank=True)
    issuer_url = models.TextField(blank=True)
    repository = models.TextField(blank=True)
    repository_id = models.CharField(max_length=64, blank=True)
    owner_id = models.CharField(max_length=64, blank=True)
    workflow = models.TextField(blank=True)
    workflow_sha = models.CharField(max_length=64, blank=True)
    sha = models.CharField(max_length=64, blank=True)
    ref = models.TextField(blank=True)
    event = models.CharField(max_length=64, blank=True)
    environment = models.CharField(max_length=255, blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    run_attempt = models.CharField(max_length=16, blank=True)
    # The whole workload, for proofs that are yet to come.
    workload = models.JSONField(default=dict)
    # name -> address: repository, commit, tree, workflow, run
    links = models.JSONField(default=dict)
    # What crates.io's clients read (crates-io-api 3.8).
    trustpub_data = models.JSONField(null=True)
    # Which credential of the actor's kind published it: the same one may add attestations.
    credential = models.CharField(max_length=64, blank=True, db_default="")
    # formats.signer.Signer; None where no certificate could name the job.
    signer = models.JSONField(null=True)
    attested = models.CharField(
        max_length=8, blank=True, choices=Attested.choices, default="", db_default=""
    )

    class Meta:
        verbose_name_plural = "provenance"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind=PublishKind.TRUSTED)
                | (~models.Q(issuer_url="") & ~models.Q(provider="")),
                name="trusted_provenance_names_issuer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_kind_display()}"

    @property
    def evidence(self) -> Evidence:
        """The level that consumers compare between versions (trusted-publishing f.4-6)."""
        return evidence_level(self.kind, self.attested)


def evidence_level(kind: str, attested: str) -> Evidence:
    """Of the two columns."""
    if kind != PublishKind.TRUSTED:
        return Evidence.NONE
    return Evidence.ATTESTED if attested == Attested.VERIFIED else Evidence.TRUSTED
