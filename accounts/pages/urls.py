"""Addresses of the pages about oneself."""

from django.urls import path

from accounts.pages import confirm, dev_login, profile, sign_in, tokens

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("dev-login/", dev_login.dev_login, name="dev_login"),
    path("confirm/<str:token>", confirm.confirm, name="confirm"),
    path("me", profile.me, name="me"),
    path("settings/profile", profile.profile, name="profile"),
    path("settings/profile/notifications", profile.notifications, name="notifications"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/new", tokens.token_new, name="token_new"),
    path("settings/tokens/<int:token_id>/revoke", tokens.token_revoke, name="token_revoke"),
]
