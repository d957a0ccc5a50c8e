"""Words as they stand in descriptions of crates: a few in very many, most in hardly any."""

from bisect import bisect
from itertools import accumulate
from random import Random

# In about the order of how many crates of a large registry say them.
COMMON = (
    "a for the and rust of to library with in simple api from an that client on implementation "
    "crate by is bindings async using data fast macros utility types macro written tool support "
    "server based parser parsing your wrapper cli generic json http utilities high core "
    "lightweight interface safe code small framework derive command line file web application "
    "level tools common provides traits sdk helper trait runtime project service protocol "
    "performance system language database string management file-system functions easy format "
    "memory collection sys linux no_std embedded games engine testing config logging error "
    "handling crypto hash network tokio serde wasm plugin template terminal text time type "
    "generator graph query random reader schema search storage stream struct structure table "
    "task thread tree unicode unofficial user validation value vector version view window zero- "
    "copy compiler build cargo cache channel color concurrent container custom driver dynamic "
    "event extension fork hardware image index input integration iterator key log lock math "
    "message model multi native number object open output package path pattern platform "
    "procedural process proxy queue rate"
).split()
SYLLABLES = (
    "ba be bo ca ce co da de di do fa fe fi fo ga ge go ha he hi ka ke ki ko la le li lo lu ma me "
    "mi mo mu na ne ni no nu pa pe pi po qua ra re ri ro ru sa se si so ta te ti to tu va ve vi vo "
    "wa we xe xi ya yo za ze zo tron sync flux dex lyn mar tor sel van kel zen ark bit net"
).split()
VOCABULARY = 12_000
RIBBON = 400_000


class Words:
    """A vocabulary with Zipf's weights, and a long text that everybody cuts pieces out of."""

    def __init__(self, random: Random) -> None:
        coined: dict[str, None] = {}
        while len(coined) < VOCABULARY:
            coined["".join(random.choices(SYLLABLES, k=random.randint(2, 4)))] = None
        self.coined = list(coined)
        self.all = [*COMMON, *self.coined]
        weights = list(accumulate(1 / (rank + 2) for rank in range(len(self.all))))
        self._text = random.choices(self.all, cum_weights=weights, k=RIBBON)
        # Keywords are what is said often, without the words that mean nothing by themselves.
        self.keywords = [word for word in self.all[5:5000] if len(word) > 3 and word.isalpha()]
        self._keyword_weights = list(accumulate(1 / (n + 5) for n in range(len(self.keywords))))

    def text(self, random: Random, length: int) -> str:
        start = int(random.random() * (RIBBON - length))
        return " ".join(self._text[start : start + length])

    def some_keywords(self, random: Random, count: int) -> list[int]:
        """Places in `keywords`, none twice."""
        weights = self._keyword_weights
        drawn = (bisect(weights, random.random() * weights[-1]) for _ in range(count))
        return list(dict.fromkeys(drawn))

    def name(self, random: Random) -> str:
        """One to three words, as crates are called."""
        first = random.choice(self.coined)
        kind = random.random()
        if kind < 0.4:
            return first
        if kind < 0.85:
            # The first few words of all are articles and the like.
            return f"{first}-{random.choice(self.all[7:160])}"
        return f"{first}_{random.choice(self.all[7:160])}-{random.choice(self.coined)}"[:60]
