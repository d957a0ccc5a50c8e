"""Crates and all that happens to them."""
