"""What a CI job runs beside cargo; it knows nothing of the registry's own code."""
