"""What `doctor` checks, by dotted path; registry stays free of trustpub this way."""

CHECKS = (
    "registry.operations.checkup.machine.switches",
    "registry.operations.checkup.machine.secret_key",
    "registry.operations.checkup.machine.disk",
    "registry.operations.checkup.machine.sqlite_library",
    "registry.operations.checkup.data.database",
    "registry.operations.checkup.data.migrations",
    "registry.operations.checkup.data.cached",
    "registry.operations.checkup.data.stored_objects",
    "registry.operations.checkup.work.queue",
    "registry.operations.checkup.work.worker_and_clock",
    "registry.operations.checkup.work.jobs",
    "registry.operations.checkup.work.mail",
    "registry.operations.checkup.front.public_url",
    "registry.operations.checkup.front.certificate",
    "registry.operations.checkup.front.proxies",
    "trustpub.operations.checkup.issuers",
)
