"""GitHub as allauth knows it, at the addresses of our settings."""
