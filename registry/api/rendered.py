"""Bodies of crates as they were rendered last, kept by each web process while they hold."""

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.errors import Refusal
from registry.formats.accept_encoding import takes_gzip
from registry.models import Category, Crate, Keyword, Version
from registry.queries.crate_stamp import Facts, crate_facts, known_around
from registry.queries.lookup import crate_named

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Rendering:
    """`row` and `around` are the facts that it was made of, `people` whose are in it.

    `packed` is the body in gzip's format, as nearly everybody takes it: a thirtieth of the bytes.
    """

    packed: bytes
    row: str
    around: Facts
    people: tuple[int, ...]

    @cached_property
    def etag(self) -> str:
        facts = repr((self.row, self.around)).encode()
        # Weak, since it stands for the packed body and the plain one.
        return f'W/"{hashlib.sha256(facts).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and what it shows beside the crate's own row; `topics` where they are loaded."""

    body: dict[str, object]
    versions: Sequence[Version]
    topics: tuple[Sequence[Keyword], Sequence[Category]] | None = None


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
                self._bytes -= _cost(name, before)
            self._kept[name] = rendering
            self._bytes += _cost(name, rendering)
            while self._bytes > self._max_bytes:
                self._bytes -= _cost(*self._kept.popitem(last=False))


def _cost(name: str, rendering: Rendering) -> int:
    # An address may be many times as long as what is kept for it.
    return len(name) + len(rendering.row) + len(rendering.packed)


_renderings = Renderings()


def kept_answer(
    request: HttpRequest, name: str, make: Callable[[Request, Crate], Answer]
) -> HttpResponseBase | None:
    """What `make` answers to this address, made anew only after a change.

    None where the usual way knows better what to say: of an absent crate, to a wrong parameter.
    """
    address = request.get_full_path()
    kept = _renderings.get(address)
    facts = crate_facts(name, kept.people if kept else ())
    if facts is None:
        return None
    if kept is None or (kept.row, kept.around) != facts:
        try:
            crate = crate_named(name)
            kept = _render(crate, make(Request(request), crate), facts.row)
        except Refusal:
            return None
        _renderings.put(address, kept)
    headers = {"ETag": kept.etag, "Vary": "Accept, Accept-Encoding, Authorization, Cookie"}
    body = kept.packed
    if takes_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    answer = HttpResponse(body, content_type="application/json", headers=headers)
    return get_conditional_response(request, etag=kept.etag, response=answer)


def _render(crate: Crate, made: Answer, row: str) -> Rendering:
    """`row` was read before, so a change meanwhile makes the next request render again."""
    people = {v.published_by.pk: v.published_by for v in made.versions if v.published_by}
    people |= {action.user.pk: action.user for v in made.versions for action in v.actions.all()}
    keywords, categories = made.topics or (crate.keyword_rows.all(), crate.category_rows.all())
    return Rendering(
        packed=gzip.compress(JSONRenderer().render(made.body), compresslevel=6, mtime=0),
        row=row,
        around=known_around(keywords, categories, people.values()),
        people=tuple(people),
    )
