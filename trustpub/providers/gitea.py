"""Gitea Actions: Forgejo's adapter with Gitea's names (b.10)."""

from trustpub.providers.forgejo import FOLDERS, Forgejo


class Gitea(Forgejo):
    kind = "gitea"
    label = "Gitea Actions"
    issuer_example = "https://gitea.example.com/api/actions"
    folder = FOLDERS[1]
    permission = "permissions:\n  contents: read\n  id-token: write"
