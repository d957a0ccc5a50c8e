"""What administrators and moderators see of crates, and what they do about them."""

from registry.admin import (  # noqa: F401
    crate,
    crate_review,
    deleted_crate,
    invitation,
    job_run,
    limits,
    names,
    provenance,
    report,
    user,
    version,
)
