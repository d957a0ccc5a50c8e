"""Addresses of the pages about oneself."""

from django.urls import path

from accounts.pages import (
    confirm,
    confirm_identity,
    dev_login,
    email,
    passkeys,
    profile,
    second_factor,
    sessions,
    sign_in,
)

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("dev-login/", dev_login.dev_login, name="dev_login"),
    path("confirm/<str:token>", confirm.confirm, name="confirm"),
    path("confirm-identity", confirm_identity.confirm_identity, name="confirm_identity"),
    path(
        "confirm-identity/done",
        confirm_identity.confirm_identity_done,
        name="confirm_identity_done",
    ),
    path("second-factor", second_factor.second_factor_check, name="second_factor_check"),
    path("settings/second-factor", second_factor.second_factor, name="second_factor"),
    path("settings/second-factor/add", second_factor.second_factor_add, name="second_factor_add"),
    path("settings/second-factor/passkeys/add", passkeys.passkey_add, name="passkey_add"),
    path(
        "settings/second-factor/remove",
        second_factor.second_factor_remove,
        name="second_factor_remove",
    ),
    path(
        "settings/second-factor/recovery-codes",
        second_factor.recovery_codes_new,
        name="recovery_codes_new",
    ),
    path("me", profile.me, name="me"),
    path("settings/profile", profile.profile, name="profile"),
    path("settings/email", email.email, name="email"),
    path("settings/email/resend", email.email_resend, name="email_resend"),
    path("account-deleted", profile.account_deleted, name="account_deleted"),
    path("settings/sessions", sessions.sessions, name="sessions"),
    path("settings/sessions/end", sessions.session_end, name="session_end"),
    path("settings/sessions/end-all", sessions.session_end_all, name="session_end_all"),
    path("settings/log", sessions.security_log, name="security_log"),
]
