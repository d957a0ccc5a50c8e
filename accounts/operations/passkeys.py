"""Adds passkeys, and takes what they sign as a second factor."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import audit, passkeys
from accounts.errors import InvalidInput
from accounts.models import User
from accounts.operations.second_factor import codes_of_the_first, count_try
from accounts.passkeys import InvalidAnswer, Proof, State
from accounts.queries.passkeys import credentials_of
from adapters import jobs

PER_PERSON = 20
LONGEST_NAME = 40
WRONG = "This passkey could not be used: it took too long, or is not one of this account's."


class _Copied(InvalidInput):
    """Two authenticators hold one passkey, or one of them was set back."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The passkey {name} counts fewer uses than it had before, so there may be a copy of "
            "it. Use another way, and then remove it."
        )
        self.name = name


@transaction.atomic
def add_passkey(*, user: User, name: str, answer: str, state: State | None) -> list[str]:
    """Answers recovery codes, to be shown once, if it is the person's first second factor.

    Raises InvalidInput for a name or an answer that will not do, and TooManyRequests.
    """
    count_try(user)
    name = " ".join(name.split()) or "Passkey"
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"A passkey's name has at most {LONGEST_NAME} characters.")
    try:
        found = passkeys.registered(answer, _known_state(state))
    except InvalidAnswer:
        raise InvalidInput("No passkey came of this. Start once more.") from None
    User.objects.select_for_update().get(pk=user.pk)
    known = credentials_of(user)
    if found.credential.credential_id in {passkey.credential_id for passkey in known}:
        raise InvalidInput("This account has that passkey already.")
    if len(known) >= PER_PERSON:
        raise InvalidInput(f"{PER_PERSON} passkeys are the most. Remove one that you do not use.")
    # As allauth would write it, and how often the authenticator says that it has signed.
    Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": name, "credential": found.answer, "sign_count": found.sign_count},
    )
    codes = codes_of_the_first(user)
    key = passkeys.fingerprint(found.credential.credential_id)
    audit.record(
        "second_factor.passkey_added",
        actor=user,
        subject=user.login,
        after={"name": name, "key": key},
    )
    change = "added" if codes else f"extended by the passkey {name}"
    jobs.after_commit("accounts.mail_second_factor", user.pk, change)
    return codes


def check_passkey(*, user: User, answer: str, state: State | None) -> None:
    """Raises InvalidInput for an answer that proves nothing, and TooManyRequests."""
    count_try(user)
    try:
        _note_use(user, passkeys.proven(answer, _known_state(state), credentials_of(user)))
    except InvalidAnswer:
        audit.record("second_factor.refused", actor=user, subject=user.login)
        raise InvalidInput(WRONG) from None
    except _Copied as refusal:
        audit.record(
            "second_factor.copy_suspected",
            actor=user,
            subject=user.login,
            after={"name": refusal.name},
        )
        change = f"refused, because there may be a copy of the passkey {refusal.name}"
        jobs.after_commit("accounts.mail_second_factor", user.pk, change)
        raise


@transaction.atomic
def _note_use(user: User, proof: Proof) -> None:
    """Under the lock of all of the person's passkeys, so that two uses cannot pass for one."""
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    for row in rows.select_for_update().order_by("pk"):
        if passkeys.credential_of(row.data["credential"]).credential_id != proof.credential_id:
            continue
        before = int(row.data.get("sign_count", 0))
        # WebAuthn 7.2, step 22. Passkeys that are synchronised do not count, and say 0.
        if (proof.sign_count or before) and proof.sign_count <= before:
            raise _Copied(str(row.data["name"]))
        row.data["sign_count"] = proof.sign_count
        row.save(update_fields=["data"])
        row.record_usage()
        return
    # It was removed a moment ago.
    raise InvalidAnswer("it is gone")


def _known_state(state: State | None) -> State:
    if state is None:
        raise InvalidAnswer("nothing was asked")
    return state
