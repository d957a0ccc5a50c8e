"""Typed reading of the tables of a Cargo.toml; a wrong type names the key."""

from collections.abc import Iterator
from typing import Self

from registry.formats.errors import FormatError, shown


class InvalidManifest(FormatError):
    """A Cargo.toml that cannot be read, or that breaks a rule of this registry."""


def unreadable(reason: str) -> InvalidManifest:
    """In crates.io's words, which users search for."""
    return InvalidManifest(f"failed to parse `Cargo.toml` manifest file\n\n{reason}")


class Table:
    """A TOML table and its place in the document; several keys given are spellings of one."""

    def __init__(self, values: dict[str, object], where: str = "") -> None:
        self._values = values
        self._where = where

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, *keys: str) -> str | None:
        """None if absent. Raises InvalidManifest."""
        value = self._get(*keys)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(keys[0], value, "a string")

    def flag(self, *keys: str, default: bool) -> bool:
        """Raises InvalidManifest."""
        value = self._get(*keys)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise self._wrong(keys[0], value, "true or false")

    def is_flag(self, key: str) -> bool:
        return isinstance(self._values.get(key), bool)

    def is_table(self, key: str) -> bool:
        return isinstance(self._values.get(key), dict)

    def texts(self, key: str) -> list[str]:
        """Empty if absent. Raises InvalidManifest."""
        value = self._get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        raise self._wrong(key, value, "a list of strings")

    def table(self, *keys: str) -> Self | None:
        """None if absent. Raises InvalidManifest."""
        value = self._get(*keys)
        if value is None:
            return None
        if isinstance(value, dict):
            return type(self)(value, self._path(keys[0]))
        raise self._wrong(keys[0], value, "a table")

    def tables(self, key: str) -> list[Self]:
        """An array of tables, empty if absent. Raises InvalidManifest."""
        value = self._get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [type(self)(item, self._path(key)) for item in value]
        raise self._wrong(key, value, "a list of tables")

    def _get(self, *keys: str) -> object | None:
        return next((self._values[key] for key in keys if key in self._values), None)

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _wrong(self, key: str, value: object, wanted: str) -> InvalidManifest:
        path = shown(self._path(key))
        if isinstance(value, dict) and "workspace" in value:
            return unreadable(
                f"`{path}` is inherited from a workspace; `cargo package` writes out what it "
                "inherits"
            )
        return unreadable(f"`{path}` must be {wanted}")
