"""The one archive that a publish token may be bound to (reference, d.5); pure."""

from dataclasses import dataclass

from registry.formats.names import canonical

MAX_NAME_LENGTH = 64
MAX_VERSION_LENGTH = 150


class InvalidBinding(ValueError):
    """What a job sent as `bind` names no archive; the message says what must be there."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A crate, a version, and SHA-256 of the archive in hex."""

    name: str
    version: str
    checksum: str

    def is_for_crate(self, name: str) -> bool:
        return canonical(self.name) == canonical(name)

    def covers(self, name: str, version: str, checksum: str | None) -> bool:
        """Whether this is the archive; None as `checksum`: as far as can be told before it came."""
        return (
            self.is_for_crate(name)
            and self.version == version
            and checksum in (None, self.checksum)
        )

    def as_dict(self) -> dict[str, str]:
        """As the exchange names the parts, which is as cargo does."""
        return {"name": self.name, "vers": self.version, "cksum": self.checksum}


def read_binding(value: object) -> Binding | None:
    """`bind` of an exchange; None where there is none. Raises InvalidBinding."""
    match value:
        case None:
            return None
        case {"name": str(name), "vers": str(version), "cksum": str(checksum)}:
            fits = 0 < len(name) <= MAX_NAME_LENGTH and 0 < len(version) <= MAX_VERSION_LENGTH
            if fits and "\0" not in name + version and _is_sha256(checksum):
                return Binding(name, version, checksum)
    raise InvalidBinding("`bind` must hold `name`, `vers` and `cksum` (SHA-256 in lower-case hex)")


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
