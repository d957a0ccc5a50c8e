"""Takes a person out of the tables; what they did stays on record without their name."""

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import AuditErasure, AuditEvent, User
from adapters import jobs

# Events whose subject is the person, by their login.
ABOUT_PEOPLE = ("user.", "session.", "owner.", "second_factor.")


@transaction.atomic
def erase(user: User) -> None:
    """Tokens, addresses, sessions and sign-ins go with the row; events lose login and address.

    What the account still owns must have been dealt with.
    """
    login, address, number = user.login, user.verified_email(), user.pk
    audit.record("user.deleted", actor=user, subject=login)
    name = f"deleted account {number}"
    leave = AuditErasure.objects.create(login=login, name=name)
    _rename_events(user, name)
    leave.delete()
    user.delete()
    if address:
        jobs.after_commit("accounts.mail_account_deleted", address, login)


def _rename_events(user: User, name: str) -> None:
    tokens = [str(pk) for pk in user.api_tokens.values_list("pk", flat=True)]
    by_token = Q(actor_kind="api_token", actor_id__in=tokens)
    own = AuditEvent.objects.filter(Q(actor_kind="person", actor_id=str(user.pk)) | by_token)
    # A change of login says before and after what both were, a passkey's is called by its owner.
    for prefix in ("user.", "second_factor."):
        own.filter(name__startswith=prefix).update(before={}, after={})
    own.update(actor_label=name, address=None)
    # What others did that tells of this person: an operator's reason, who has invited whom.
    others = AuditEvent.objects.exclude(before={}, after={})
    for prefix in ("user.", "second_factor."):
        others.filter(name__startswith=prefix, subject=user.login).update(before={}, after={})
    invited = others.filter(name__startswith="owner.")
    invited.filter(before__invited_by=user.login).update(before={})
    invited.filter(after__invited_by=user.login).update(after={})
    about = Q()
    for prefix in ABOUT_PEOPLE:
        about |= Q(name__startswith=prefix)
    AuditEvent.objects.filter(about, subject=user.login).update(subject=name)
