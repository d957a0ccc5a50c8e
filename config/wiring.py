"""What apps above answer to those below, by dotted path: registry knows nothing of trustpub."""

# A publish may also come from a CI job.
PUBLISH_AUTHENTICATION = (
    "trustpub.authentication.PublishTokenAuthentication",
    "accounts.authentication.ApiTokenAuthentication",
)
# Whose tokens open a private registry for reading; the first that knows the token decides.
READ_AUTHENTICATION = (
    "trustpub.authentication.reading_token_of",
    "accounts.authentication.api_token_of",
)
# Tokens of CI jobs that leaked.
END_LEAKED_PUBLISH_TOKENS = "trustpub.operations.leaks.end_leaked_publish_tokens"
# Whether an owner's wish to let API tokens publish again takes effect, and what calls it off; and
# who alone may found a crate of a name.
AGREES_TO_OPEN = "trustpub.operations.second_owner.agrees_to_open"
FORGET_WISH_TO_OPEN = "trustpub.operations.second_owner.forget_wish"
NAME_HOLDER = "trustpub.queries.holds.holder_of"
# Which CI workflows may publish a crate, for everybody to see.
PUBLISHING_WORKFLOWS = "trustpub.queries.workflows.publishing_workflows"
# What waits for moderators, for the first page of the admin.
MODERATION_QUEUES = (
    "registry.queries.queues.queues",
    "accounts.queries.queues.own_queues",
    "trustpub.queries.queues.queues",
)
# Who has figures for /metrics.
METRICS_COLLECTORS = (
    "registry.api.metrics.RegistryCollector",
    "trustpub.api.metrics.TrustpubCollector",
)
# Who answers what programs ask most, before sessions and pages are thought of.
SHORTCUTS = ("trustpub.api.tokens.shortcut", "registry.api.shortcuts.shortcut")
