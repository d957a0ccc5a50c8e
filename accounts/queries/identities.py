"""With whose word somebody signs in."""

from allauth.socialaccount.models import SocialAccount

from accounts.models import User

# How rows of SocialAccount name the provider of OIDC_ISSUER.
OPENID_CONNECT = "oidc"


def proves_with_github(user: User) -> bool:
    return user.github_id is not None


def proves_with_openid_connect(user: User) -> bool:
    rows = SocialAccount.objects.filter(user=user, provider=OPENID_CONNECT)
    return bool(rows.exists())
