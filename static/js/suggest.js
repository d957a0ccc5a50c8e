// Shows crates that fit while one types; Enter and the button search as they do without it.

const WAIT = 150;
const SHOWN = 7;
let boxes = 0;

class Suggestions {
  constructor(input) {
    this.input = input;
    this.list = document.createElement("ul");
    this.list.className = "suggestions";
    this.list.id = `suggestions-${(boxes += 1)}`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Crates");
    input.parentElement.append(this.list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(this.input.value.trim()), WAIT);
  }

  async ask(text) {
    this.asked?.abort();
    if (text.length < 2 || text.includes(":")) {
      this.close();
      return;
    }
    this.asked = new AbortController();
    const query = new URLSearchParams({ q: text, per_page: SHOWN });
    try {
      const answer = await fetch(`${this.input.dataset.suggest}?${query}`, {
        signal: this.asked.signal,
        headers: { Accept: "application/json" },
      });
      if (answer.ok) this.show((await answer.json()).crates);
    } catch (error) {
      // A newer question took its place, or the network is away: searching works without.
      if (error.name !== "AbortError") this.close();
    }
  }

  show(crates) {
    this.list.replaceChildren(...crates.map((crate, index) => this.option(crate, index)));
    this.chosen = -1;
    this.open(crates.length > 0 && document.activeElement === this.input);
  }

  option(crate, index) {
    const option = document.createElement("li");
    const name = document.createElement("span");
    const about = document.createElement("span");
    name.textContent = crate.name;
    about.textContent = crate.description ?? "";
    option.id = `${this.list.id}-${index}`;
    option.setAttribute("role", "option");
    option.dataset.address = `/crates/${encodeURIComponent(crate.name)}`;
    option.append(name, about);
    option.addEventListener("mousedown", () => location.assign(option.dataset.address));
    return option;
  }

  key(event) {
    const options = this.list.children;
    if (this.list.hidden) return;
    if (event.key === "Escape") {
      this.close();
      event.preventDefault();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const last = options.length - 1;
      const next = event.key === "ArrowDown" ? this.chosen + 1 : this.chosen - 1;
      this.choose(next > last ? 0 : next < 0 ? last : next);
      event.preventDefault();
    } else if (event.key === "Enter" && this.chosen >= 0) {
      location.assign(options[this.chosen].dataset.address);
      event.preventDefault();
    }
  }

  choose(index) {
    this.chosen = index;
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(at === index));
    }
    this.input.setAttribute("aria-activedescendant", this.list.children[index].id);
  }

  open(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    this.open(false);
  }
}

for (const input of document.querySelectorAll("[data-suggest]")) new Suggestions(input);
