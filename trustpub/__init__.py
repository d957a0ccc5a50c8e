"""Trust in CI jobs instead of stored secrets."""
