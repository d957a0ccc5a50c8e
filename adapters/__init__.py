"""The only code that talks to the outside: HTTP, GitHub, mail, the queue and object storage."""
