"""Bodies of crates as they were rendered last, kept by each web process while they hold."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from registry.queries.crate_stamp import Facts

MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Rendering:
    """`row` and `around` are the facts that it was made of, `people` whose are in it.

    `packed` is the body in gzip's format, as nearly everybody takes it: a thirtieth of the bytes.
    """

    packed: bytes
    row: Facts
    around: Facts
    people: tuple[int, ...]

    @cached_property
    def etag(self) -> str:
        facts = repr((self.row, self.around)).encode()
        # Weak, since it stands for the packed body and the plain one.
        return f'W/"{hashlib.sha256(facts).hexdigest()[:32]}"'


class Renderings:
    """Those that were asked for last, up to so many bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, Rendering] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str) -> Rendering | None:
        """What was put there last; the caller compares its facts with those of the moment."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: str, rendering: Rendering) -> None:
        with self._lock:
            if before := self._kept.pop(name, None):
                self._bytes -= len(before.packed)
            self._kept[name] = rendering
            self._bytes += len(rendering.packed)
            while self._bytes > self._max_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest.packed)
