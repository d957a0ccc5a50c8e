"""Django's backend of PostgreSQL, which looks at a connection instead of asking over it."""
