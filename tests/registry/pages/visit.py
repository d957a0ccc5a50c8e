"""One page in a real browser, in both themes and at both widths, against what all pages promise."""

from http import HTTPStatus
from typing import Any, ClassVar

import html5lib
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

WIDE, NARROW = (1280, 900), (390, 844)
MAX_HTML, MAX_CSS, MAX_JS, MAX_REQUESTS = 60_000, 45_000, 40_000, 12

# Runs before the page's own scripts; by the driver, whom no content policy concerns.
TOOLS = (
    Axe().axe_script
    + """
;window.checks = {
  shift: 0,
  shifted: [],

  // What axe-core finds that is serious. Contrast is judged apart, in each theme.
  async structure() {
    const excluded = sessionStorage.checkedFrame === checks.frame() ? checks.FRAME : [];
    sessionStorage.checkedFrame = checks.frame();
    return checks.run({exclude: excluded}, {rules: {"color-contrast": {enabled: false}}});
  },

  // Header and footer are the same on page after page.
  FRAME: [[".site-header"], [".site-footer"]],
  frame: () => [...document.querySelectorAll(".site-header, .site-footer")]
    .map(one => one.outerHTML.replace(/value="[^"]*"/g, "")).join(""),

  // Contrast depends on colours and sizes alone; what was judged with the same ones is left out.
  async contrast(state) {
    const seen = new Set(JSON.parse(sessionStorage[state] ?? "[]"));
    const found = [];
    const behind = new Map();
    const paper = one => {
      if (!one) return "";
      if (!behind.has(one)) {
        const style = getComputedStyle(one);
        const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.position];
        behind.set(one, `${own} ${paper(one.parentElement)}`);
      }
      return behind.get(one);
    };
    for (const one of document.body.querySelectorAll("*")) {
      if (!checks.hasWords(one) || !one.checkVisibility()) continue;
      const style = getComputedStyle(one);
      const ink = [style.color, style.fontSize, style.fontWeight, style.textShadow];
      const look = `${one.tagName} ${ink} ${paper(one)}`;
      if (!seen.has(look)) found.push(one);
      seen.add(look);
    }
    sessionStorage[state] = JSON.stringify([...seen]);
    return found.length ? checks.run({include: found}, {runOnly: ["color-contrast"]}) : [];
  },

  hasWords: one => one.matches("input, select, textarea") || [...one.childNodes]
    .some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()),

  // What is hidden on a phone may have been a name, and what is cut off there has to scroll.
  phone: () => checks.run(document, {runOnly: ["scrollable-region-focusable", "label",
    "link-name", "button-name", "select-name", "aria-input-field-name"]}),

  async run(context, options) {
    const {violations} = await axe.run(context, {resultTypes: ["violations"], ...options});
    return violations.filter(one => ["serious", "critical"].includes(one.impact))
      .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`);
  },

  tooWide: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,

  unseenFocus: () => [...document.querySelectorAll("a[href], button, input, select, textarea, "
    + "summary, [tabindex='0']")].filter(one => {
    if (!one.checkVisibility({visibilityProperty: true}) || one.disabled || one.type === "hidden")
      return false;
    one.focus({preventScroll: true});
    const style = getComputedStyle(one);
    return document.activeElement !== one
        || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2;
  }).map(one => one.outerHTML.slice(0, 100)),
};
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    // What follows a new size of the window within half a second is no shift of the page's own.
    if (entry.hadRecentInput) continue;
    checks.shift += entry.value;
    checks.shifted.push(...entry.sources.map(({node, previousRect, currentRect}) =>
      `${node?.nodeName} ${JSON.stringify(previousRect)} to ${JSON.stringify(currentRect)}`));
  }
}).observe({type: "layout-shift", buffered: true});
"""
)


class Visit:
    """One page, opened once; `complaints` is everything that it breaks."""

    # Of what the browser has seen before, it asks only whether it has changed.
    sizes: ClassVar[dict[str, int]] = {}

    def __init__(self, page: Page, address: str, status: int = 200) -> None:
        self.page, self.address, self.status = page, address, status
        self.complaints: list[str] = []
        self.answers: list[Response] = []

    def make(self, url: str) -> list[str]:
        self._resize(WIDE)
        self.page.on("response", self._note)
        answer = self.page.goto(url + self.address)
        self.page.remove_listener("response", self._note)
        assert answer is not None
        self._check_html(answer)
        self._check_budget(url)
        self._check("structure()")
        # By now the browser has told of every shift.
        if shift := self.page.evaluate("checks.shift"):
            nodes = self.page.evaluate("checks.shifted")
            self.complaints.append(f"shifts by {shift}: {nodes}")
        # A key was pressed last, so that focus is to be seen.
        self.page.keyboard.press("Tab")
        self._check("unseenFocus()", "does not show focus on ")
        self._check_look(WIDE, "light")
        self._check_look(WIDE, "dark")
        self._check_look(NARROW, "dark")
        self._check_look(NARROW, "light")
        self._check("phone()", "(390) ")
        self._resize(WIDE)
        # A page that comes while the window still grows would be blamed for its footer's way.
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        return [f"{self.address} {complaint}" for complaint in self.complaints]

    def _note(self, answer: Response) -> None:
        self.answers.append(answer)

    def _check_html(self, answer: Response) -> None:
        if answer.status != self.status:
            self.complaints.append(f"answers {answer.status}")
        text = answer.text()
        try:
            html5lib.HTMLParser(strict=True).parse(text)
        except html5lib.html5parser.ParseError as error:
            self.complaints.append(f"is not valid HTML: {error}")
        if "\u202e" in text or "<script>alert" in text or " style=" in text:
            self.complaints.append("lets through what strangers wrote")

    def _check_budget(self, url: str) -> None:
        sizes = {"document": 0, "stylesheet": 0, "script": 0}
        for answer in self.answers:
            if not answer.url.startswith(url):
                self.complaints.append(f"asks {answer.url}")
            elif answer.request.resource_type in sizes:
                if answer.status != HTTPStatus.NOT_MODIFIED:
                    self.sizes[answer.url] = len(answer.body())
                sizes[answer.request.resource_type] += self.sizes[answer.url]
        limits = zip(sizes.items(), (MAX_HTML, MAX_CSS, MAX_JS), strict=True)
        self.complaints += [
            f"has {size} bytes of {kind}" for (kind, size), most in limits if size > most
        ]
        if len(self.answers) > MAX_REQUESTS:
            self.complaints.append(f"takes {len(self.answers)} requests")

    def _check_look(self, size: tuple[int, int], scheme: Any) -> None:
        width, _ = size
        self._resize(size)
        self.page.emulate_media(color_scheme=scheme)
        self._check(f"contrast('{width} {scheme}')", f"({width}, {scheme}) ")
        if (by := self.page.evaluate("checks.tooWide()")) > 0:
            self.complaints.append(f"is {by} pixels wider than {width}")

    def _resize(self, size: tuple[int, int]) -> None:
        wanted: Any = dict(zip(("width", "height"), size, strict=True))
        if self.page.viewport_size != wanted:
            self.page.set_viewport_size(wanted)

    def _check(self, call: str, label: str = "") -> None:
        found = self.page.evaluate(f"checks.{call}")
        self.complaints += [f"{label}{complaint}" for complaint in found]
