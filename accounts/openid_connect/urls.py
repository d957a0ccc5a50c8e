"""Where the flow starts and where the provider sends people back to."""

from django.urls import path

from accounts.openid_connect import views

# allauth knows the addresses by these names and by the provider's id.
urlpatterns = [
    path("<slug:provider_id>/login/", views.oauth2_login, name="openid_connect_login"),
    path(
        "<slug:provider_id>/login/callback/",
        views.oauth2_callback,
        name="openid_connect_callback",
    ),
]
