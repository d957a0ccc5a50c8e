"""A CI system that the registry trusts, as tests of trusted publishing have it."""

from tests.trustpub.api.conftest import _running_ci, ci, grant, issuer, tide

__all__ = ["_running_ci", "ci", "grant", "issuer", "tide"]
