"""The workflow file that we propose for GitHub Actions; a commit can't be moved as a tag can."""

EXAMPLE = """\
# .github/workflows/{file}
name: Publish

on:
  push:
    {kind}: {names}

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
      - uses: actions/checkout@11d5960a326750d5838078e36cf38b85af677262 # v4.4.0
        with:
          persist-credentials: false
      - uses: rust-lang/crates-io-auth-action@c6f97d42243bad5fab37ca0427f495c86d5b1a18 # v1.0.5
        id: auth
        with:
          url: {url}
      - run: {command}
        env:
          {variable}_TOKEN: ${{{{ steps.auth.outputs.token }}}}
"""
