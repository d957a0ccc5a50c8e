"""What a request passes on its way to a view, and its answer on the way back."""

PASSED = [
    # Of every answer.
    "accounts.middleware.RequestIdMiddleware",
    "accounts.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # What programs ask most goes no further.
    "accounts.shortcuts.ShortcutMiddleware",
    # Of sessions, forms and pages.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.UserAgentMiddleware",
    "accounts.read_only.ReadOnlyMiddleware",
    "accounts.middleware.LockedAccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.PrivateModeMiddleware",
    "accounts.middleware.RefusalMiddleware",
]
