"""Every "no" that concerns crates; the wording is crates.io's where clients know it."""

from datetime import datetime

from django.utils.http import http_date

from accounts.errors import InvalidInput, NotAllowed, NotFound, Refusal


class UploadTooLarge(Refusal):
    code = "upload_too_large"
    status = 413


class LengthRequired(Refusal):
    code = "length_required"
    status = 411

    def __init__(self) -> None:
        super().__init__("send the upload with its `Content-Length`, not in chunks")


class InvalidUpload(InvalidInput):
    code = "invalid_upload"


class TokenInUpload(InvalidInput):
    """Names the files, never the token."""

    code = "token_in_upload"

    def __init__(self, places: list[str]) -> None:
        super().__init__(
            f"the upload contains an access token of this registry, in {', '.join(places)}. "
            "Whoever reads the crate could use it, so the token was revoked at once and nothing "
            "was published. Remove it from the file, make a new token, and publish again."
        )


class NameReserved(Refusal):
    code = "name_reserved"
    status = 400

    def __init__(self) -> None:
        super().__init__("cannot upload a crate with a reserved name")


class NameTaken(Refusal):
    code = "name_taken"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the crate name `{name}` was taken by another upload a moment ago; choose another name"
        )


class InQuarantine(Refusal):
    """To whoever would change what nobody sees."""

    code = "quarantined"
    status = 403

    def __init__(self, what: str) -> None:
        super().__init__(
            f"`{what}` is in quarantine while the moderators of this registry look at it: nobody "
            "can publish or change it, and its name stays taken. Its owners can ask them why."
        )


class VersionDeleted(Refusal):
    code = "version_deleted"
    status = 409

    def __init__(self, name: str, num: str) -> None:
        super().__init__(
            f"version {num} of `{name}` was deleted by the moderators of this registry, and its "
            "number is not given again; publish under another number"
        )


class NameRecentlyDeleted(Refusal):
    code = "name_recently_deleted"
    status = 400

    def __init__(self, name: str, available_at: datetime) -> None:
        super().__init__(
            f"A crate with the name `{name}` was recently deleted. "
            f"Reuse of this name will be available after {available_at:%Y-%m-%dT%H:%M:%SZ}."
        )


class CannotDelete(Refusal):
    code = "cannot_delete"
    status = 422


class SpelledDifferently(InvalidInput):
    code = "spelled_differently"

    def __init__(self, name: str) -> None:
        super().__init__(f"crate was previously named `{name}`")


class VersionExists(InvalidInput):
    code = "version_exists"

    def __init__(self, num: str) -> None:
        super().__init__(f"crate version `{num}` is already uploaded")


class UnknownDependency(InvalidInput):
    code = "unknown_dependency"

    def __init__(self, name: str) -> None:
        super().__init__(f"no known crate named `{name}`")


class AlreadyReported(Refusal):
    code = "already_reported"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"you have reported `{name}` already, and the moderators have not decided yet"
        )


class ReportResolved(Refusal):
    code = "report_resolved"
    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(f"this report is closed already: {state}")


class NotOwner(NotAllowed):
    code = "not_owner"


class NotTeamMember(NotAllowed):
    code = "not_team_member"

    def __init__(self) -> None:
        super().__init__("only members of a team or organization owners can add it as an owner")


class GitHubSignInNeeded(Refusal):
    code = "github_sign_in_needed"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "GitHub no longer lets this registry ask in your name. Sign out of the registry's "
            "website, sign in with GitHub again, and try again."
        )


class GitHubAccessDenied(NotAllowed):
    code = "github_access_denied"

    def __init__(self) -> None:
        super().__init__(
            "GitHub does not let this registry read who is in the organization's teams. Sign in "
            "with GitHub again to grant the read:org permission; an owner of the organization may "
            "also have to approve this registry under its third-party access settings."
        )


class GitHubUnavailable(Refusal):
    code = "github_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("GitHub cannot be asked about teams right now; try again in a minute")


class TrustedPublishingOnly(NotAllowed):
    code = "trusted_publishing_only"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"new versions of the crate `{name}` can only be published using Trusted Publishing; "
            f"publish from its configured CI workflow ({reason})"
        )


class EmailNotVerified(NotAllowed):
    code = "email_not_verified"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"A verified email address is required to publish crates. Visit {address} to add one."
        )


class InviteeNotVerified(NotAllowed):
    code = "email_not_verified"

    def __init__(self, name: str) -> None:
        super().__init__(
            "You need to verify your email address before you can accept the invitation to become "
            f"an owner of the {name} crate."
        )


class InvitationExpired(Refusal):
    code = "invitation_expired"
    status = 410

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The invitation to become an owner of the {name} crate expired. Please reach out to "
            "an owner of the crate to request a new invitation."
        )


class TooManyChanges(Refusal):
    code = "rate_limited"
    status = 429

    def __init__(self, sentence: str, retry_at: datetime) -> None:
        super().__init__(
            f"{sentence} Please try again after {http_date(retry_at.timestamp())}, or ask an "
            "administrator of this registry for a higher limit.",
            retry_at=retry_at,
        )


class TooManyVersions(Refusal):
    code = "rate_limited"
    status = 429

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(
            "You have published too many versions of this crate in the last 24 hours. Please try "
            f"again after {http_date(retry_at.timestamp())}.",
            retry_at=retry_at,
        )


def crate_not_found(name: str) -> NotFound:
    return NotFound(f"crate `{name[:100]}` does not exist")


def version_not_found(name: str, num: str) -> NotFound:
    return NotFound(f"crate `{name}` does not have a version `{num[:150]}`")


class SoleOwner(Refusal):
    code = "sole_owner"
    status = 409

    def __init__(self, names: list[str]) -> None:
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        super().__init__(
            f"You are the only person who owns {shown}. "
            "Add another owner to each, or delete the crates that nobody relies on."
        )


class AttestationRefused(InvalidInput):
    """`check` says for programs what it failed at (formats.attestation.Check)."""

    code = "invalid_attestation"

    def __init__(self, detail: str, check: str) -> None:
        super().__init__(detail, extra={"check": check})


class AttestationExists(Refusal):
    code = "attestation_exists"
    status = 409

    def __init__(self, version: str, predicate_type: str) -> None:
        super().__init__(
            f"{version} has another attestation of the type `{predicate_type}` already; what was "
            "attested stays as it is"
        )


class NotThePublisher(NotAllowed):
    code = "not_the_publisher"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"attestations of {version} are taken from the publish token alone that published it, "
            "until the token expires, or from one that is bound to its archive: send them in the "
            "same CI run, after `cargo publish`"
        )


class AttestationsOff(Refusal):
    code = "attestations_off"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "this registry takes no attestations, because it has no root of trust to verify them "
            "with; its administrator sets ATTESTATION_TRUST_ROOT"
        )


class TrustRootUnavailable(Refusal):
    code = "trust_root_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "a root of trust of this registry cannot be read at the moment, so nothing can be "
            "verified; try again later, or ask its administrator"
        )
