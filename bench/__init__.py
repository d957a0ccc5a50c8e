"""Measures what must not get slow; `make bench` runs all of it."""
