"""Who keeps the registry clean, for letters to them."""

from django.db.models import Q

from accounts.models import User


def moderator_addresses() -> list[str]:
    """The confirmed addresses of moderators and administrators whose account is not locked."""
    staff = Q(is_superuser=True) | Q(moderator_since__isnull=False)
    people = User.objects.filter(staff, is_active=True).order_by("pk")
    addresses = (user.verified_email() for user in people if not user.is_locked())
    return [address for address in addresses if address]
