"""Which variables config/environment.py reads, found out by letting it read."""

from collections.abc import Iterator, Mapping

from config.environment import read_environment


class _Noting(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def names_read() -> set[str]:
    # With a key of its own it makes none in the data folder.
    environment = _Noting({"SECRET_KEY": "unused"})
    read_environment(environment)
    return environment.asked
