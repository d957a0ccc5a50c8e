"""The workflow file that we propose for GitHub Actions."""

EXAMPLE = """\
# .github/workflows/{file}
name: Publish

on:
  push:
    tags: ["v*"]

permissions: {{}}

jobs:
  publish:
    runs-on: ubuntu-latest
{environment}    permissions:
      contents: read
      id-token: write
    env:
      {variable}_INDEX: {index}
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: rust-lang/crates-io-auth-action@v1
        id: auth
        with:
          url: {url}
      - run: {command}
        env:
          {variable}_TOKEN: ${{{{ steps.auth.outputs.token }}}}
"""
