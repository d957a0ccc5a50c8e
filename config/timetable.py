"""What the clock does, and how often: task and seconds between two times."""

TIMETABLE = {
    "sweep the index outbox": {"task": "registry.sweep_index", "schedule": 15.0},
    "remove files of deleted crates": {"task": "registry.sweep_deleted", "schedule": 900.0},
    "remove unfinished files": {"task": "registry.remove_unfinished_files", "schedule": 21600.0},
    "fold in what was downloaded": {"task": "registry.fold_downloads", "schedule": 60.0},
    "sort crates for search": {"task": "registry.refresh_search_tiers", "schedule": 3600.0},
    "write the evidence of all crates": {"task": "registry.write_evidence", "schedule": 86400.0},
    "ask GitHub what is attested": {
        "task": "registry.ask_github_what_is_attested",
        "schedule": 3600.0,
    },
    "refresh issuers' keys": {"task": "trustpub.refresh_key_sets", "schedule": 600.0},
    "put missed new crates before the moderators": {
        "task": "registry.review_missed",
        "schedule": 3600.0,
    },
    "end what was switched off": {"task": "registry.end_trustpub_only", "schedule": 300.0},
    "tell people what they should know": {"task": "trustpub.notify", "schedule": 900.0},
    "add up how exchanges ended": {"task": "trustpub.fold_notes", "schedule": 15.0},
    "expire publishers": {"task": "trustpub.expire", "schedule": 3600.0},
    "delete what trusted publishing no longer needs": {
        "task": "trustpub.clean_up",
        "schedule": 3600.0,
    },
    "forget old network addresses": {"task": "accounts.forget_addresses", "schedule": 3600.0},
    "delete full buckets": {"task": "registry.delete_full_buckets", "schedule": 3600.0},
    "tell of tokens that expire": {
        "task": "accounts.mail_expiring_tokens",
        "schedule": 3600.0,
    },
    "delete ended sessions": {"task": "accounts.delete_ended_sessions", "schedule": 3600.0},
    "delete old rate windows": {"task": "accounts.delete_old_rate_windows", "schedule": 900.0},
}
