"""The company's own sign-in as allauth knows it: any OpenID Connect provider, by settings."""
